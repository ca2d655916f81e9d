// Checks that the Helm chart makes what the Kustomize overlay makes: the same objects with the same content. What may
// differ is named here: labels that Helm wants, the hash in a name or an annotation by which a changed config restarts
// the pod, and the tag of an image that the overlay leaves open.
// usage: node compare.js OVERLAY.yaml CHART.yaml
"use strict";

const fs = require("node:fs");
const { isDeepStrictEqual } = require("node:util");
const yaml = require("yaml");

const read = (file) => yaml.parseAllDocuments(fs.readFileSync(file, "utf8"))
  .map((document) => document.toJS()).filter(Boolean);
const OF_HELM = ["app.kubernetes.io/instance", "checksum/config", "imagePullPolicy"];
// Only an overlay makes a namespace, and only the chart can make the alerts.
const ALONE = { overlay: ["Namespace"], chart: ["PrometheusRule"] };

function normal(value) {
  if (typeof value === "string") return value.replace(/^(pointsman-config)-[a-z0-9]{10}$/, "$1");
  if (Array.isArray(value)) return value.map(normal);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value)
    .filter(([key]) => !OF_HELM.includes(key))
    .filter(([key, child]) => key !== "annotations" || Object.keys(normal(child)).length > 0)
    .map(([key, child]) => [key, key === "pointsmand.yaml" ? yaml.parse(child) : normal(child)]));
}

function byName(objects, alone) {
  return new Map(objects.filter((object) => !alone.includes(object.kind)).map((object) => {
    const { kind, metadata, ...content } = normal(object);
    const component = metadata.labels?.["app.kubernetes.io/component"];
    return [`${kind} ${metadata.name}`, { ...content, component }];
  }));
}

function differences(a, b, path) {
  if (isDeepStrictEqual(a, b)) return [];
  const both = [a, b].every((value) => value !== null && typeof value === "object");
  if (!both) {
    const isOpenTag = path.endsWith("/image") && typeof a === "string" && !a.includes(":") && String(b).startsWith(`${a}:`);
    return isOpenTag ? [] : [`${path}: the overlay has ${JSON.stringify(a)}, the chart ${JSON.stringify(b)}`];
  }
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((key) => differences(a[key], b[key], `${path}/${key}`));
}

function compare(overlay, chart) {
  const ours = byName(overlay, ALONE.overlay), its = byName(chart, ALONE.chart);
  return [...new Set([...ours.keys(), ...its.keys()])].flatMap((name) => differences(ours.get(name), its.get(name), name));
}

// The comparison itself: a difference must be seen, wherever it is.
function checkMistakes(overlay, chart) {
  const changes = [
    (set) => { set.spec.template.spec.containers[0].args.push("--insecure"); },
    (set) => { set.spec.template.spec.volumes.pop(); },
    (set) => { set.metadata.name = "another"; },
    (set) => { set.spec.template.metadata.labels["app.kubernetes.io/name"] = "another"; },
  ];
  return changes.filter((change) => {
    const changed = structuredClone(chart);
    change(changed.find((object) => object.kind === "StatefulSet"));
    return compare(overlay, changed).length === 0;
  }).map((change) => `a difference is not seen: ${change}`);
}

const [, , overlayFile, chartFile] = process.argv;
const overlay = read(overlayFile), chart = read(chartFile);
const failures = [...compare(overlay, chart), ...checkMistakes(overlay, chart)];
for (const failure of failures) console.log(`FAILED: ${failure}`);
if (failures.length === 0) console.log(`${byName(overlay, ALONE.overlay).size} objects are the same by Helm and by Kustomize`);
process.exitCode = failures.length === 0 ? 0 : 1;
