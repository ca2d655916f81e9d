// Kubernetes' own schemas, strictly: what kubernetes-models compiled from them, and unknown fields.
"use strict";

// By path, since the packages export only their models, which are copies and not what was read.
const core = "./node_modules/kubernetes-models/_schemas/IoK8sApi";
const schemas = {
  "apps/v1 StatefulSet": `${core}AppsV1StatefulSet`,
  "monitoring.coreos.com/v1 PrometheusRule":
    "./node_modules/@kubernetes-models/prometheus-operator/_schemas/MonitoringCoreosComV1PrometheusRule",
  "monitoring.coreos.com/v1 ServiceMonitor":
    "./node_modules/@kubernetes-models/prometheus-operator/_schemas/MonitoringCoreosComV1ServiceMonitor",
  "networking.k8s.io/v1 NetworkPolicy": `${core}NetworkingV1NetworkPolicy`,
  "policy/v1 PodDisruptionBudget": `${core}PolicyV1PodDisruptionBudget`,
  "v1 ConfigMap": `${core}CoreV1ConfigMap`,
  "v1 Namespace": `${core}CoreV1Namespace`,
  "v1 Service": `${core}CoreV1Service`,
  "v1 ServiceAccount": `${core}CoreV1ServiceAccount`,
};

// The validators pass over a field that their schema does not name. But each reads every field that it
// does name, so a field that nobody reads is an unknown one.
class ReadKeys {
  #keys = new Map();  // object -> the names that were read of it
  #views = new Map();

  view(value) {
    if (value === null || typeof value !== "object") return value;
    if (!this.#views.has(value)) {
      this.#keys.set(value, new Set());
      this.#views.set(value, new Proxy(value, {
        get: (target, key) => {
          this.#keys.get(target).add(key);
          return this.view(target[key]);
        },
      }));
    }
    return this.#views.get(value);
  }

  unread(value, path) {
    if (value === null || typeof value !== "object") return [];
    const read = this.#keys.get(value);
    return Object.keys(value).flatMap((key) => {
      const at = `${path}/${key}`;
      return read?.has(key) ? this.unread(value[key], at) : [`${at}: unknown field`];
    });
  }
}

// One line for each thing that is wrong with an object.
function errorsOf(object) {
  const kind = `${object.apiVersion} ${object.kind}`;
  if (!(kind in schemas)) return [`${kind}: no schema; name it in tests/deploy/kubernetes/strict.js`];
  const { validate } = require(schemas[kind]);
  const keys = new ReadKeys();
  const wrong = validate(keys.view(object)) ? [] : validate.errors.map((error) =>
    `${error.instancePath}: ${error.keyword} ${JSON.stringify(error.params)}`);
  return [...wrong, ...keys.unread(object, "")].map((line) => `${kind} ${object.metadata?.name} ${line}`);
}

module.exports = { errorsOf };
