import { defineConfig } from "vite";

// Where a running pointsmand is, for `npm run dev` only. The built files call the origin that they came from.
const server = "http://127.0.0.1:7718";

export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    // The content security policy allows no data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "^/pointsman\\.v1\\.": server } },
});
