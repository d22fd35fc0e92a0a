import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import type { EtcdTlsFiles } from "../../server/etcd/edge/etcd-access.ts";
import { EtcdClient } from "../../server/etcd/edge/etcd-client.ts";
import { CertificateAuthority, openSslMissingReason } from "./certificate-authority.testing.ts";
import { EtcdCluster, etcdMissingReason } from "./etcd-cluster.testing.ts";

// serve-pair.test.ts runs a whole pair with certificates; here is who is let in.

const key = "/who";

describeUnless(
  etcdMissingReason() ?? openSslMissingReason(),
  "HA-29: etcd with certificates",
  () => {
    let authority: CertificateAuthority;
    let stranger: CertificateAuthority;
    let cluster: EtcdCluster;
    const clients: EtcdClient[] = [];

    function clientWith(tls: EtcdTlsFiles): EtcdClient {
      const client = new EtcdClient({
        endpoints: cluster.endpoints,
        tls,
        attemptMsMin: 1000,
        attemptMsMax: 2000,
      });
      clients.push(client);
      return client;
    }

    const put = (client: EtcdClient, text: string) => {
      const value = new TextEncoder().encode(text);
      return client.transact({ guards: [], puts: [{ key, value }], reads: [] }, 2000);
    };

    beforeAll(async () => {
      authority = new CertificateAuthority();
      stranger = new CertificateAuthority();
      cluster = await EtcdCluster.start({ members: 1, tls: authority.issue("etcd") });
    });
    afterAll(async () => {
      for (const client of clients) client.close();
      await cluster?.stop();
      stranger?.close();
      authority?.close();
    });

    test("lets in whom its CA knows, to write and to watch", async () => {
      const client = clientWith(authority.issue("prov01"));
      const { revision } = await put(client, "prov01");
      const seen = await new Promise((resolve, reject) => {
        client.watch(key, undefined, revision, {
          onAnswer: ({ events: [event] }) => event && resolve(event.value),
          onEnd: (reason) => reject(new Error(reason)),
        });
      });
      expect(new TextDecoder().decode(seen as Uint8Array)).toBe("prov01");
    });

    test("keeps out whom another CA knows", async () => {
      const { ca } = authority.issue("prov01");
      const client = clientWith({ ...stranger.issue("prov01"), ca });
      await expect(put(client, "stranger")).rejects.toThrow(
        /^https:.*: .*(alert|ECONNRESET|ended)/,
      );
      expect(cluster.ctl("get", key, "--print-value-only")).toBe("prov01\n");
    });

    test("a member that another CA knows is told nothing", async () => {
      const { ca } = stranger.issue("prov01");
      const client = clientWith({ ...authority.issue("prov01"), ca });
      await expect(put(client, "told")).rejects.toThrow(/^https:.*(self-signed|unable to)/);
      expect(cluster.ctl("get", key, "--print-value-only")).toBe("prov01\n");
    });

    test("a certificate that is renewed counts from the next connection on, and one half-written breaks nothing", async () => {
      const files = authority.issue("prov02");
      const client = clientWith(files);
      await put(client, "before");
      writeFileSync(files.certificate, "");
      await put(client, "on the old connection");
      client.changeMember();
      await expect(put(client, "meanwhile")).rejects.toThrow(/prov02.crt: no certificate in PEM/);
      const reason = await new Promise((onEnd) => {
        client.watch(key, undefined, 1, { onAnswer: () => expect.unreachable(), onEnd });
      });
      expect(reason).toMatch(/prov02.crt: no certificate in PEM/);
      authority.issue("prov02");
      await put(client, "after");
      expect(cluster.ctl("get", key, "--print-value-only")).toBe("after\n");
    });
  },
);
