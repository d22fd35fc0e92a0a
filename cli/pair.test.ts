import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer } from "node:tls";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { describeUnless } from "../base/net/describe-unless.testing.ts";
import { readEtcdTls } from "../server/etcd/edge/etcd-access.ts";
import { readHeartbeatKey } from "../server/ha/edge/heartbeat-key.ts";
import { openSslMissingReason } from "../test/interop/certificate-authority.testing.ts";
import { captureOutput } from "./output.testing.ts";
import { runPair } from "./pair.ts";

const said = captureOutput();
const nodes = ["--node", "a=10.0.0.1,127.0.0.1", "--node", "b=10.0.0.2"];
const machines = [...nodes, "--witness", "c=10.0.0.3"];

describeUnless(openSslMissingReason(), "prov pair init", () => {
  let out: string;

  beforeEach(() => {
    out = join(mkdtempSync(join(tmpdir(), "provlab-pair-init-")), "pair");
    onTestFinished(() => rmSync(join(out, ".."), { recursive: true }));
  });

  const init = (...args: string[]) => runPair(["init", ...machines, "--out", out, ...args]);
  const file = (...names: string[]): string => join(out, ...names);
  const certificate = (...names: string[]) => new X509Certificate(readFileSync(file(...names)));
  const tlsOf = (machine: string, user: string) => ({
    ca: file(machine, user, "ca.crt"),
    certificate: file(machine, user, `${user}.crt`),
    key: file(machine, user, `${user}.key`),
  });

  /** Every file and folder by its path, with its mode. */
  function modes(): Record<string, string> {
    const found = readdirSync(out, { recursive: true, encoding: "utf8" }).sort();
    const modeOf = (path: string): string => (statSync(file(path)).mode & 0o777).toString(8);
    return Object.fromEntries(found.map((path) => [path, modeOf(path)]));
  }

  test("makes a folder for each machine that only its owner may read, and says where each belongs", async () => {
    expect(await init()).toBe(0);
    const etcd = { "etcd/ca.crt": "600", "etcd/etcd.crt": "600", "etcd/etcd.key": "600" };
    const prov = {
      "prov/ca.crt": "600",
      "prov/ha.key": "600",
      "prov/prov.crt": "600",
      "prov/prov.key": "600",
    };
    const below = (name: string, files: object) =>
      Object.fromEntries(Object.entries(files).map(([path, mode]) => [`${name}/${path}`, mode]));
    expect(modes()).toEqual({
      ...{ "ca.crt": "600", "ca.key": "600" },
      ...{ a: "700", "a/etcd": "700", "a/prov": "700", ...below("a", etcd), ...below("a", prov) },
      ...{ b: "700", "b/etcd": "700", "b/prov": "700", ...below("b", etcd), ...below("b", prov) },
      ...{ c: "700", "c/etcd": "700", ...below("c", etcd) },
    });
    expect(said.stdout).toMatch(/b.prov.\* {2}to .etc.provlab on b, for the user prov/);
    expect(said.stdout).toMatch(/valid until 20\d\d-\d\d-\d\d/);
  });

  test("HA-29: each node reads its files, and both have the same key", async () => {
    await init();
    for (const machine of ["a", "b"]) readEtcdTls(tlsOf(machine, "prov"));
    const bytes = Uint8Array.of(1, 2, 3);
    const [first, second] = ["a", "b"].map((machine) =>
      readHeartbeatKey(file(machine, "prov", "ha.key"))(bytes),
    );
    expect(first).toEqual(second);
  });

  test("a certificate is for one machine, one use and so many days, and the CA signs nothing but them", async () => {
    await init("--days", "30");
    const ca = certificate("ca.crt");
    expect([ca.ca, ca.verify(ca.publicKey)]).toEqual([true, true]);
    for (const [path, addresses] of [
      [["a", "etcd", "etcd.crt"], "IP Address:10.0.0.1, IP Address:127.0.0.1"],
      [["c", "etcd", "etcd.crt"], "IP Address:10.0.0.3"],
      [["b", "prov", "prov.crt"], "IP Address:10.0.0.2"],
    ] as const) {
      const issued = certificate(...path);
      expect([issued.ca, issued.verify(ca.publicKey), issued.subjectAltName]).toEqual([
        ...[false, true, addresses],
      ]);
      const days = (Date.parse(issued.validTo) - Date.parse(issued.validFrom)) / 86_400_000;
      expect(days).toBe(30);
    }
    expect(certificate("a", "etcd", "etcd.crt").keyUsage).toHaveLength(2);
    expect(certificate("a", "prov", "prov.crt").keyUsage).toHaveLength(1);
  });

  test("a member and a node know each other by them, and the certificate of a node is not a server's", async () => {
    await init();
    const connectTo = async (server: string, client: string): Promise<string> => {
      const asked = createServer(
        { ...readEtcdTls(tlsOf("a", server)), requestCert: true, rejectUnauthorized: true },
        (socket) => void socket.end("welcome"),
      );
      asked.on("tlsClientError", () => undefined);
      await new Promise<void>((done) => asked.listen(0, "127.0.0.1", done));
      onTestFinished(() => void asked.close());
      const { port } = asked.address() as AddressInfo;
      return new Promise((resolve) => {
        const tls = readEtcdTls(tlsOf("b", client));
        const socket = connect({ host: "127.0.0.1", port, ...tls });
        socket.on("data", (bytes) => resolve(bytes.toString()));
        socket.on("error", () => resolve("refused"));
      });
    };
    expect(await connectTo("etcd", "prov")).toBe("welcome");
    expect(await connectTo("etcd", "etcd")).toBe("welcome");
    expect(await connectTo("prov", "prov")).toBe("refused");
  });

  test("run again it renews the certificates, and leaves the CA and the key as they are", async () => {
    await init();
    const texts = (...paths: string[]) => paths.map((path) => readFileSync(file(path), "utf8"));
    const lasting = ["ca.crt", "ca.key", "a/prov/ha.key", "b/prov/ha.key"];
    const renewed = ["a/etcd/etcd.crt", "b/prov/prov.crt", "b/prov/prov.key"];
    const [before, beforeRenewed] = [texts(...lasting), texts(...renewed)];
    rmSync(file("b"), { recursive: true });
    expect(await init()).toBe(0);
    expect(texts(...lasting)).toEqual(before);
    for (const [place, text] of texts(...renewed).entries())
      expect(text).not.toBe(beforeRenewed[place]);
    readEtcdTls({ ...tlsOf("b", "prov"), ca: file("ca.crt") });
  });

  test("without openssl it says what to install", async () => {
    vi.stubEnv("PATH", "/nowhere");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await init()).toBe(2);
    expect(said.stderr).toMatch(/openssl.*apt-get install openssl/);
  });
});

test.each<[string[], RegExp]>([
  [[], /two nodes: give --node name=address twice/],
  [["--node", "a=10.0.0.1"], /two nodes/],
  [[...nodes, "--node", "d=10.0.0.4"], /two nodes/],
  [["--node", "a=10.0.0.1", "--node", "a=10.0.0.2"], /a is named twice/],
  [["--node", "a=10.0.0.1", "--node", "b"], /^prov pair: b: write the machine's name/],
  [["--node", "a=10.0.0.1", "--node", "b=10.0.0.256"], /b=10.0.0.256: write/],
  [["--node", "../a=10.0.0.1", "--node", "b=10.0.0.2"], /\.\.\/a=10.0.0.1: write/],
  [[...nodes, "--days", "0"], /--days 0: give a whole number/],
])("a mistake is told: %j", async (args, message) => {
  expect(await runPair(["init", ...args, "--out", "/proc/nowhere"])).toBe(2);
  expect(said.stderr).toMatch(message);
});
