// Checks the manifests of one overlay: the schemas, and what no schema knows of how they belong together.
// usage: node check.js RENDERED.yaml USER_OF_THE_IMAGE
"use strict";

const fs = require("node:fs");
const yaml = require("yaml");
const { errorsOf } = require("./strict.js");

const [, , file, imageUser] = process.argv;
const objects = yaml.parseAllDocuments(fs.readFileSync(file, "utf8")).map((document) => {
  if (document.errors.length > 0) throw new Error(`${file}: ${document.errors.join("; ")}`);
  return document.toJS();
});
const failures = objects.flatMap(errorsOf);
const expect = (isSo, what) => isSo || failures.push(what);

const all = (kind) => objects.filter((object) => object.kind === kind);
const covers = (selector, labels) =>
  selector && Object.keys(selector).length > 0 &&
  Object.entries(selector).every(([key, value]) => labels[key] === value);

const [set] = all("StatefulSet");
const pod = set.spec.template;
const [container] = pod.spec.containers;
const labels = pod.metadata.labels;
const ports = Object.fromEntries(container.ports.map((port) => [port.name, port.containerPort]));
const [config] = all("ConfigMap");
const settings = yaml.parse(config.data["pointsmand.yaml"]);

function checkReferences() {
  expect(covers(set.spec.selector.matchLabels, labels), "the set's selector must find its pod");
  expect(all("Service").some((service) => service.metadata.name === set.spec.serviceName),
    `there must be a Service ${set.spec.serviceName}`);
  for (const service of all("Service")) {
    expect(covers(service.spec.selector, labels), `Service ${service.metadata.name} must find the pod`);
    for (const port of service.spec.ports) {
      expect(ports[port.targetPort] === port.port,
        `Service ${service.metadata.name}: port ${port.port} must be the container's ${port.targetPort}`);
    }
  }
  for (const budget of all("PodDisruptionBudget")) {
    expect(covers(budget.spec.selector?.matchLabels, labels), "the disruption budget must be the pod's");
  }
  for (const policy of all("NetworkPolicy")) {
    expect(covers(policy.spec.podSelector?.matchLabels, labels), "the network policy must be the pod's");
    for (const peer of policy.spec.ingress.flatMap((rule) => rule.from)) {
      expect(!("app.kubernetes.io/name" in (peer.podSelector?.matchLabels ?? {})),
        "the network policy must let apps in, not pointsman's own pod");
    }
  }
  for (const monitor of all("ServiceMonitor")) {
    const names = all("Service").filter((service) =>
      covers(monitor.spec.selector.matchLabels, service.metadata.labels))
      .flatMap((service) => service.spec.ports.map((port) => port.name));
    expect(monitor.spec.endpoints.every((endpoint) => names.filter((name) => name === endpoint.port).length === 1),
      "the ServiceMonitor must find its port in one Service, or every figure counts twice");
  }
  expect(pod.spec.volumes.some((volume) => volume.configMap?.name === config.metadata.name),
    "the pod must mount the ConfigMap by its name with the hash");
}

// Every file that the config names is in a Secret that the pod mounts, and where TLS and tokens are left out, the
// config says so in so many words.
function checkSecrets() {
  const files = [settings.tls?.certificate_file, settings.tls?.key_file, settings.tokens_file].filter(Boolean);
  for (const file of files) {
    const mount = container.volumeMounts.find((one) => file.startsWith(`${one.mountPath}/`));
    expect(pod.spec.volumes.some((volume) => volume.name === mount?.name && volume.secret),
      `${file} must be in a Secret that is mounted there`);
  }
  const secrets = pod.spec.volumes.filter((volume) => volume.secret).length;
  expect(files.length === 3 ? secrets === 2 : secrets === 0, "the pod must mount what its config reads, and no more");
  expect(files.length === 3 || settings.insecure === true, "without TLS and tokens the config must say insecure: true");
  for (const service of all("Service")) {
    for (const [name, plain] of [["grpc", "kubernetes.io/h2c"], ["http", "http"]]) {
      const port = service.spec.ports.find((one) => one.name === name);
      expect(port?.appProtocol === (settings.tls ? "https" : plain),
        `Service ${service.metadata.name} must have the port ${name} and say what it speaks`);
    }
  }
  for (const endpoint of all("ServiceMonitor").flatMap((monitor) => monitor.spec.endpoints)) {
    expect(!settings.tokens_file || endpoint.authorization?.credentials?.name, "who scrapes must show a token");
  }
}

function checkPod() {
  expect(set.spec.replicas === 1, "one replica: a data folder has one engine");
  const data = container.volumeMounts.find((mount) => mount.name === "data");
  expect(data?.mountPath === settings.data_dir, "the volume must be where data_dir is");
  const claim = set.spec.volumeClaimTemplates.find((template) => template.metadata.name === "data");
  expect(claim?.spec.accessModes?.length === 1, "the claim must have one access mode");
  for (const [name, key] of [["grpc", "listen"], ["http", "http_listen"], ["admin", "admin_listen"]]) {
    expect(settings[key] === `0.0.0.0:${ports[name]}`, `${key} must be 0.0.0.0 and the port ${name}`);
  }
  const probes = { startupProbe: "/readyz", readinessProbe: "/readyz", livenessProbe: "/healthz" };
  for (const [probe, path] of Object.entries(probes)) {
    const asked = container[probe]?.httpGet;
    expect(asked?.port === "admin" && asked.path === path, `${probe} must ask ${path} of the admin port`);
  }
  const grace = pod.spec.terminationGracePeriodSeconds;
  expect(container.lifecycle.preStop && grace >= 30, "preStop must leave the server its time to stop");
  const mine = container.securityContext;
  const its = pod.spec.securityContext;
  expect(String(its.runAsUser) === imageUser, `the pod must run as the image's user ${imageUser}`);
  expect(its.runAsNonRoot && its.seccompProfile.type === "RuntimeDefault" &&
    mine.readOnlyRootFilesystem && mine.allowPrivilegeEscalation === false &&
    mine.capabilities.drop.includes("ALL"), "the pod must keep to the restricted profile");
  for (const part of ["requests", "limits"]) {
    expect(container.resources[part].cpu && container.resources[part].memory, `${part} of cpu and memory`);
  }
}

// The checker itself: a mistake of each kind must be seen, and where.
function checkMistakes() {
  const mistakes = {
    "/spec/replica: unknown field": (spec) => { spec.replica = 1; },
    "/spec/template/spec/containers/0/securityContext/readOnlyRootFileSystem: unknown field":
      (spec) => { spec.template.spec.containers[0].securityContext.readOnlyRootFileSystem = true; },
    "/spec: required": (spec) => { delete spec.selector; },
    "/spec/template/spec/containers/0: required": (spec) => { delete spec.template.spec.containers[0].name; },
    "/spec/replicas: type": (spec) => { spec.replicas = "one"; },
  };
  for (const [expected, make] of Object.entries(mistakes)) {
    const object = structuredClone(set);
    make(object.spec);
    const errors = errorsOf(object);
    expect(errors.length > 0 && errors.every((line) => line.includes(` ${expected}`)),
      `a mistake must be told as "${expected}", got ${JSON.stringify(errors)}`);
  }
  return Object.keys(mistakes).length;
}

checkReferences();
checkPod();
checkSecrets();
const mistakes = checkMistakes();
for (const failure of failures) console.log(`FAILED: ${failure}`);
if (failures.length === 0) console.log(`${objects.length} objects are valid; ${mistakes} mistakes are seen`);
process.exitCode = failures.length === 0 ? 0 : 1;
