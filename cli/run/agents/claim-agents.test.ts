import { expect, test } from "vitest";
import { versionName } from "../../../lab/machine/environment.ts";
import { AgentsKey } from "./agents-key.ts";
import { Board } from "./board.ts";
import { claimAgents } from "./claim-agents.ts";
import { AGENTS_PREFIX } from "./etcd.ts";
import { memoryEtcd } from "./memory-etcd.testing.ts";

const key = new AgentsKey("the key of the agents");
const session = "3e1f0f5e-6a53-4d9c-9f1c-6b8b0d2a7c11";
const card = { version: versionName(), host: "h", network: "n", cores: 2, session };
const run = { run: session, lease: 1 };

/** Claims one of the agents that are there, and waits for none. */
async function claimWith(
  cards: readonly { readonly name: string; readonly key: AgentsKey }[],
  more: object = {},
) {
  const { etcd, put } = memoryEtcd();
  for (const { name, key: own } of cards) {
    const place = `${AGENTS_PREFIX}${name}`;
    put(place, own.seal(place, Buffer.from(JSON.stringify({ ...card, name, ...more }))));
  }
  const access = { etcd, key, say: () => {} };
  return claimAgents(access, await Board.open(access, AGENTS_PREFIX), 1, run, 0);
}

test("agents with another key are not there, and the message says that they may be", async () => {
  const others = [{ name: "a1", key: new AgentsKey("the key of somebody else") }];
  await expect(claimWith(others)).rejects.toThrow(
    "0 of 1 agents are there and free: start more with prov agent; others have another --agents-key",
  );
  await expect(claimWith([])).rejects.toThrow(/start more with prov agent$/);
});

test("agents of another version are named", async () => {
  await expect(claimWith([{ name: "a1", key }], { version: "0.0.1" })).rejects.toThrow(
    /of another version than .*: a1 \(0\.0\.1\): install the same everywhere/,
  );
});

test("a registration that is none is told", async () => {
  await expect(claimWith([{ name: "a1", key }], { cores: "many" })).rejects.toThrow(
    "the registration of agent a1 cannot be read",
  );
});
