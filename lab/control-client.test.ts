import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { OrderLine } from "../server/ha/control-messages.ts";
import { nodeStatus, pairStatus } from "../server/ha/pair-status.testing.ts";
import { ControlClient } from "./control-client.ts";

async function clientOf(answer: RequestListener): Promise<ControlClient> {
  const folder = mkdtempSync(join(tmpdir(), "provlab-control-"));
  const path = join(folder, "prov.sock");
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const client = new ControlClient(path);
  onTestFinished(() => {
    client.close();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
  return client;
}

const nodes = [nodeStatus("node-b", "standby"), nodeStatus("node-a", "active")] as const;
const status = pairStatus(nodes, { epoch: 3 });

describe("what a node says of itself", () => {
  test("its own role, with the epoch that it knows", async () => {
    const client = await clientOf((_, response) => response.end(JSON.stringify(status)));
    const standby = { role: "standby", epoch: 3, isLeader: false, isInSync: true };
    expect(await client.view()).toEqual(standby);
    expect(await client.view()).toEqual(standby);
  });

  test("nothing in time is silence, as is the answer that the thread hangs; nobody there is down", async () => {
    const hanging = await clientOf(() => undefined);
    expect(await hanging.view()).toBe("silent");
    const stuck = await clientOf((_, response) => response.writeHead(504).end("it hangs\n"));
    expect(await stuck.view()).toBe("silent");
    const nobody = new ControlClient("/nowhere/prov.sock");
    expect(await nobody.view()).toBe("down");
  });
});

describe("an order ends in words, or is refused", () => {
  const step: OrderLine = { kind: "step", elapsedMs: 1, requirement: "HA-16 (1)", text: "lower" };
  const ending = (end: OrderLine) =>
    clientOf(({ method, url }, response) => {
      expect(`${method} ${url}`).toBe("POST /failback");
      response.end(`${[step, end].map((line) => JSON.stringify(line)).join("\n")}\n`);
    });

  test.each<readonly [OrderLine, string]>([
    [{ kind: "done", gapMs: 81.6 }, "done; nobody served for 82 ms"],
    [{ kind: "done" }, "done"],
  ])("%o", async (end, words) => {
    expect(await (await ending(end)).order("/failback")).toBe(words);
  });

  test.each<readonly [OrderLine, string]>([
    [{ kind: "refused", reasons: ["not in sync", "not heard"] }, "refused: not in sync; not heard"],
    [
      { kind: "stuck", step: "HA-16 (4): start there", msMax: 10 },
      "stuck at: HA-16 (4): start there",
    ],
    [
      { kind: "stuck", step: "HA-16 (5): stand by", msMax: 10, why: "node-a is not in sync" },
      "stuck at: HA-16 (5): stand by; node-a is not in sync",
    ],
  ])("%o", async (end, words) => {
    await expect((await ending(end)).order("/failback")).rejects.toThrow(words);
  });

  test("while it is carried out, the node still says what it is", async () => {
    let arrive!: (end: () => void) => void;
    const arrived = new Promise<() => void>((resolve) => {
      arrive = resolve;
    });
    const client = await clientOf(({ method }, response) => {
      if (method === "GET") response.end(JSON.stringify(status));
      else arrive(() => response.end(`${JSON.stringify({ kind: "done" })}\n`));
    });
    const ordered = client.order("/failback");
    const end = await arrived;
    expect(await client.view()).toMatchObject({ role: "standby" });
    end();
    expect(await ordered).toBe("done");
  });
});
