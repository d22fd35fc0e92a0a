import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import type { EtcdCredentials } from "../../server/etcd/edge/etcd-access.ts";
import { EtcdClient } from "../../server/etcd/edge/etcd-client.ts";
import { KeptLease } from "../../server/etcd/edge/etcd-kept-lease.ts";
import { EtcdError } from "../../server/etcd/etcd-error.ts";
import { EtcdCluster, etcdMissingReason } from "./etcd-cluster.testing.ts";

// The agents' test plays runs with a user and certificates; here is who is let in, and what outlives what.

const prefix = "/mine/";
const key = `${prefix}a`;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describeUnless(etcdMissingReason(), "etcd with users", () => {
  let cluster: EtcdCluster;
  let credentials: EtcdCredentials;

  beforeAll(async () => {
    cluster = await EtcdCluster.start({ members: 1 });
    credentials = cluster.demandUser("agents", "s3 cret", prefix);
  });
  afterAll(() => cluster?.stop());

  function clientAs(who: EtcdCredentials | undefined): EtcdClient {
    const { endpoints } = cluster;
    const client = new EtcdClient({
      endpoints,
      credentials: who,
      attemptMsMin: 1000,
      attemptMsMax: 2000,
    });
    onTestFinished(() => client.close());
    return client;
  }

  /** Puts values until the test is over, and tells what a watch has seen. */
  function watched(client: EtcdClient, startRevision: number): string[] {
    const seen: string[] = [];
    client.watch(key, undefined, startRevision, {
      onAnswer: ({ events }) => {
        for (const { value, isDeleted } of events) {
          seen.push(isDeleted ? "deleted" : new TextDecoder().decode(value));
        }
      },
      onEnd: (reason) => seen.push(reason),
    });
    return seen;
  }

  test("one with the password reads, writes, watches and deletes, below the prefix", async () => {
    const client = clientAs(credentials);
    await client.put({ key, value: bytes("one") }, 2000);
    const { found, revision } = await client.range({ key }, 2000);
    expect(found.map(({ value }) => new TextDecoder().decode(value))).toEqual(["one"]);
    const seen = watched(client, revision);
    await client.deletePrefix(prefix, 2000);
    await expect.poll(() => seen).toEqual(["one", "deleted"]);
    await expect(client.range({ key: "/other" }, 2000)).rejects.toThrow(/permission denied/);
  });

  test("a watch asks for a token itself, and is told where the user may not look", async () => {
    const fresh = clientAs(credentials);
    const seen = watched(fresh, 1);
    await expect.poll(() => seen).toContain("one");
    const ends: string[] = [];
    fresh.watch("/other", undefined, 1, {
      onAnswer: ({ events }) => expect(events).toEqual([]),
      onEnd: (reason) => ends.push(reason),
    });
    await expect.poll(() => ends).toEqual([expect.stringMatching(/permission denied/i)]);
  });

  test("nobody else is let in: without a password, with a wrong one, with none to be read", async () => {
    const refusal = async (who: EtcdCredentials | undefined): Promise<string> => {
      const reason: unknown = await clientAs(who)
        .range({ key }, 2000)
        .catch((error) => error);
      expect(reason).toBeInstanceOf(EtcdError);
      return (reason as EtcdError).message;
    };
    expect(await refusal(undefined)).toMatch(/user name is empty/);
    const passwordFile = `${credentials.passwordFile}.wrong`;
    expect(await refusal({ ...credentials, passwordFile })).toMatch(/cannot be read \(ENOENT\)/);
    writeFileSync(passwordFile, "guess", { mode: 0o600 });
    expect(await refusal({ ...credentials, passwordFile })).toMatch(/invalid user ID or password/);
  });

  test("a token that etcd knows no more is renewed: users changed, etcd started anew", async () => {
    const client = clientAs(credentials);
    await client.put({ key, value: bytes("before") }, 2000);
    cluster.ctl("user", "add", "somebody:else");
    await client.put({ key, value: bytes("between") }, 2000);
    await cluster.restart();
    await client.put({ key, value: bytes("after") }, 10_000);
    expect(cluster.ctl("get", key, "--print-value-only")).toBe("after\n");
  });

  test("a kept lease outlives its time, and is lost when etcd takes it away", async () => {
    const client = clientAs(credentials);
    let losses = 0;
    const lease = await KeptLease.grant(client, 2, 2000, () => {
      losses += 1;
    });
    await client.put({ key, value: bytes("kept"), lease: lease.id }, 2000);
    // etcd itself says how long it would live: after 3 s nothing would be left of one that is not kept.
    const grantedMs = performance.now();
    await expect
      .poll(() => performance.now() - grantedMs > 3000, { timeout: 10_000, interval: 200 })
      .toBe(true);
    expect((await client.range({ key }, 2000)).found).toHaveLength(1);
    expect(losses).toBe(0);
    await client.revokeLease(lease.id, 2000);
    await expect.poll(() => losses, { timeout: 5000 }).toBe(1);
    expect((await client.range({ key }, 2000)).found).toEqual([]);
    await expect(lease.revoke(2000)).rejects.toThrow(/lease not found/);
  });
});
