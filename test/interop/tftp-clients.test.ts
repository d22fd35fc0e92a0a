import { createHash, randomFillSync } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { type RunningTftpServer, startTftpServer } from "../../server/tftp/tftp-server.ts";
import { describeWithPeers, Peer } from "./namespaces.testing.ts";

// Real clients against our server over loopback. The sizes are those at which transfers go wrong: an
// empty file, one byte about a block, and one block about the wrap of the block number.
const sizes = [0, 1, 511, 512, 513, 65_535 * 512 + 1, 40 * 1024 * 1024];
const wrap = sizes.indexOf(65_535 * 512 + 1);

const folder = mkdtempSync(join(tmpdir(), "provlab-tftp-"));
const root = join(folder, "root");
let server: RunningTftpServer;

beforeAll(async () => {
  mkdirSync(root);
  for (const size of sizes) {
    writeFileSync(join(root, `file-${size}`), randomFillSync(new Uint8Array(size)));
  }
  server = await startTftpServer({ root, address: parseIpv4("127.0.0.1")!, port: 0 });
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

function hashOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

type Command = (port: number, name: string, output: string) => readonly string[];

/** A client, how it is called, and the sizes it is tried with. */
const clients: readonly (readonly [string, readonly number[], Command])[] = [
  [
    "curl",
    sizes,
    (port, name, out) => [
      "curl",
      "-sS",
      "--tftp-blksize",
      "1428",
      "-o",
      out,
      `tftp://127.0.0.1:${port}/${name}`,
    ],
  ],
  [
    "curl without options",
    sizes.slice(0, wrap + 1),
    (port, name, out) => [
      "curl",
      "-sS",
      "--tftp-no-options",
      "-o",
      out,
      `tftp://127.0.0.1:${port}/${name}`,
    ],
  ],
  [
    "busybox",
    sizes.slice(0, wrap + 1),
    (port, name, out) => ["busybox", "tftp", "-g", "-r", name, "-l", out, "127.0.0.1", `${port}`],
  ],
  [
    "busybox, blksize 1428",
    sizes,
    (port, name, out) => [
      "busybox",
      "tftp",
      "-g",
      "-b",
      "1428",
      "-r",
      name,
      "-l",
      out,
      "127.0.0.1",
      `${port}`,
    ],
  ],
  [
    "tftp-hpa",
    sizes.slice(0, wrap + 1),
    (port, name, out) => ["tftp", "-m", "binary", "127.0.0.1", `${port}`, "-c", "get", name, out],
  ],
  [
    "atftp",
    sizes.slice(0, wrap),
    (port, name, out) => ["atftp", "-g", "-r", name, "-l", out, "127.0.0.1", `${port}`],
  ],
  [
    "atftp with all its options",
    sizes,
    (port, name, out) => [
      "atftp",
      "--option",
      "blksize 8192",
      "--option",
      "tsize 0",
      "--option",
      "timeout 5",
      "--option",
      "windowsize 16",
      "-g",
      "-r",
      name,
      "-l",
      out,
      "127.0.0.1",
      `${port}`,
    ],
  ],
];

describeWithPeers("TFTP-1: real clients fetch files", ["curl", "busybox", "tftp", "atftp"], () => {
  for (const [client, wanted, command] of clients) {
    test.each(wanted)(`${client}: %d bytes`, async (size) => {
      const name = `file-${size}`;
      const output = join(folder, "fetched");
      rmSync(output, { force: true });
      const [program, ...args] = command(server.port, name, output);
      const ended = await new Peer(client, program!, args).ended;
      expect(ended.status, ended.output).toBe(0);
      expect(hashOf(output), ended.output).toBe(hashOf(join(root, name)));
    });
  }

  test("a file that is not there, and a path out of the root, are refused", async () => {
    for (const name of ["absent", "../root/file-1", "/etc/passwd"]) {
      const url = `tftp://127.0.0.1:${server.port}/${encodeURIComponent(name)}`;
      const { status } = await new Peer("curl", "curl", ["-sS", "-o", "/dev/null", url]).ended;
      // 68: file not found; 69: access violation.
      expect([68, 69], name).toContain(status);
    }
  });
});
