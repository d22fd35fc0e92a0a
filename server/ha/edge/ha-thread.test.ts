import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { nullLogger } from "../../../base/log.ts";
import { parseIpv4 } from "../../../protocol/ipv4.ts";
import { freePorts } from "../../../test/ports.testing.ts";
import { SharedPairState } from "../../mandate/shared-pair-state.ts";
import { haProfiles } from "../heartbeat-times.ts";
import { DataPlanePulse } from "../watchdog.ts";
import { startHa } from "./ha-thread.ts";

test("a node that asks etcd without certificates says so at each start", async () => {
  const folder = mkdtempSync(join(tmpdir(), "provlab-ha-thread-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const keyFile = join(folder, "key");
  writeFileSync(keyFile, "the pair's key");
  chmodSync(keyFile, 0o600);
  const [address, peerAddress] = [parseIpv4("127.0.44.1")!, parseIpv4("127.0.44.2")!];
  const link = { address, peerAddress, port: await freePorts() };
  const plan = {
    ...{ node: "a", peerName: "b", isFirst: true, times: haProfiles.fast, links: [link], keyFile },
    ...{ gatewayAddress: undefined, commitMsMax: 400, floatingAddress: undefined },
    etcd: { endpoints: ["http://127.0.44.3:1"], prefix: "/p/" },
  };
  for (const bootId of ["a1".repeat(8), "b2".repeat(8)]) {
    const told: string[] = [];
    const logger = { ...nullLogger, warn: (message: string) => void told.push(message) };
    const pairState = new SharedPairState().shared;
    const ha = await startHa({ plan, bootId, pairState, pulse: DataPlanePulse.memory() }, logger);
    expect(told).toContainEqual(expect.stringMatching(/etcd.*without certificates.*127\.0\.44\.3/));
    await ha.stop();
  }
});
