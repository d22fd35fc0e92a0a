import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { LiveServer } from "../cli/run/ui/live-server.ts";
import { LiveView } from "../cli/run/ui/live-view.ts";
import { parseIpv4 } from "../protocol/ipv4.ts";
import { ControlServer } from "../server/control/control-server.ts";
import { openMetricsServer } from "../server/metrics/edge/metrics-server.ts";
import { MirrorServer, newMirrorCounters } from "../server/mirror/edge/mirror-server.ts";
import { TcpAcceptor } from "../server/service/loop/tcp-acceptor.ts";

const address = parseIpv4("127.0.0.1")!;

afterEach(() => {
  vi.restoreAllMocks();
});

const openers: Readonly<Record<string, () => Promise<{ close(): Promise<void> }>>> = {
  Syslog: () =>
    TcpAcceptor.open({
      ...{ service: "syslog", address, port: 0, connectionsMax: 2, idleMsMax: 10_000 },
      onConnection: (socket) => socket.resume(),
    }),
  metrics: () =>
    openMetricsServer({ address, port: 0 }, { families: () => [], isReady: () => true }),
  mirror: () =>
    MirrorServer.open(address, 0, {
      counters: newMirrorCounters(),
      sign: (bytes) => bytes,
      folders: new Map(),
      isActive: () => true,
    }),
  control: () => {
    const folder = mkdtempSync(join(tmpdir(), "provlab-accept-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    return ControlServer.open(join(folder, "control.sock"), {
      status: async () => ({ schema: "provlab/pair-status@1", role: "single", services: [] }),
      carryOut: async () => undefined,
    });
  },
  "live page": () =>
    LiveServer.open({
      ...{ port: 0, view: new LiveView(() => 1), html: "", scriptHashes: [] },
      ...{ report: () => undefined, setPace: () => false, abort: () => undefined },
    }),
};

test.each(Object.keys(openers))("%s goes on when connections cannot be accepted", async (name) => {
  const listening = vi.spyOn(Server.prototype, "listen");
  const opened = await openers[name]();
  onTestFinished(() => opened.close());
  const server = listening.mock.contexts[0] as Server;
  for (let failed = 0; failed < 3; failed += 1) {
    server.emit("error", Object.assign(new Error("accept EMFILE"), { code: "EMFILE" }));
  }
  const where = server.address() as AddressInfo | string;
  const client = typeof where === "string" ? connect(where) : connect(where.port, "127.0.0.1");
  await once(client, "connect");
  client.destroy();
  expect(server.listening).toBe(true);
});
