// For tests, loaded into `prov` by NODE_OPTIONS=--import=<this file>: its DHCP server takes PROVLAB_DECISION_MS
// for each decision, and drops every PROVLAB_DROP_EVERYth of its answers. PROVLAB_DIST is the URL of the
// compiled package.
const decisionMs = Number(process.env.PROVLAB_DECISION_MS ?? 0);
const dropEvery = Number(process.env.PROVLAB_DROP_EVERY ?? Number.POSITIVE_INFINITY);
const load = (module) => import(new URL(module, process.env.PROVLAB_DIST).href);

const { DhcpEngine } = await load("server/dhcp/decide/engine.js");
const { respond } = DhcpEngine.prototype;
DhcpEngine.prototype.respond = function (...args) {
  const untilMs = performance.now() + decisionMs;
  while (performance.now() < untilMs);
  return respond.apply(this, args);
};

const { ReplySender } = await load("server/dhcp/loop/reply-sender.js");
let answers = 0;
for (const name of ["send", "sendEncoded"]) {
  const send = ReplySender.prototype[name];
  ReplySender.prototype[name] = function (...args) {
    answers += 1;
    if (answers % dropEvery !== 0) send.apply(this, args);
  };
}
