import { render } from "preact";
import "./style/base.css";
import "./style/parts.css";
import "./style/charts.css";
import { App } from "./App";

render(<App />, document.getElementById("app")!);
