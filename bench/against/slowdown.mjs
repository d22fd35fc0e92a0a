// For campaigns alone, given to a server as `node --import`: it makes the server burn
// PROVLAB_SLOWDOWN_PERCENT more processor time than it needs, at the end of each turn of its loop.
// PROVLAB_SLOWDOWN_DIST is the URL of the compiled package that the server runs from.
import { isMainThread } from "node:worker_threads";

const share = Number(process.env.PROVLAB_SLOWDOWN_PERCENT) / 100;
if (!(share > 0)) throw new Error("PROVLAB_SLOWDOWN_PERCENT: give a number above zero");

if (isMainThread) {
  const { DhcpListener } = await import(
    new URL("server/dhcp/loop/edge/listener.js", process.env.PROVLAB_SLOWDOWN_DIST).href
  );
  const { turn } = DhcpListener.prototype;
  const cpuMicros = () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  };
  let paidMicros = cpuMicros();
  DhcpListener.prototype.turn = function () {
    const received = turn.call(this);
    if (received === 0) return received;
    const nowMicros = cpuMicros();
    const untilMicros = nowMicros + share * (nowMicros - paidMicros);
    let atMicros = nowMicros;
    while (atMicros < untilMicros) atMicros = cpuMicros();
    // What was burnt is not itself made slower; a burn that overshot is made good by the next one.
    paidMicros = atMicros + (atMicros - untilMicros) / share;
    return received;
  };
}
