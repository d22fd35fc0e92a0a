import { createHash, randomFillSync } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { type RunningTftpServer, startTftpServer } from "../../server/tftp/edge/tftp-server.ts";
import { describeWithPeers, Peer } from "../interop/namespaces.testing.ts";

// Real clients against our server over loopback. The sizes are those at which transfers go wrong: an
// empty file, one byte about a block, and one byte more than the block number counts.
const small = [0, 1, 511, 512, 513];
const sizes = [...small, 65_535 * 512 + 1, 40 * 1024 * 1024];

const folder = mkdtempSync(join(tmpdir(), "provlab-tftp-"));
const root = join(folder, "root");
/** SHA-256 by size: of each file, and of what goes on the wire for it in netascii. */
const hashes = new Map<number, { readonly octet: string; readonly netascii: string }>();
let server: RunningTftpServer;

beforeAll(async () => {
  mkdirSync(root);
  for (const size of sizes) {
    const bytes = randomFillSync(Buffer.alloc(size));
    writeFileSync(join(root, `file-${size}`), bytes);
    hashes.set(size, { octet: hashOf(bytes), netascii: hashOf(netasciiOf(bytes)) });
  }
  server = await startTftpServer({ root, address: parseIpv4("127.0.0.1")!, port: 0 });
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** RFC 764: a line ends with CR LF, and a CR of the file itself is CR NUL. */
function netasciiOf(bytes: Buffer): Buffer {
  const wire = bytes.toString("latin1").replace(/[\r\n]/g, (c) => (c === "\n" ? "\r\n" : "\r\0"));
  return Buffer.from(wire, "latin1");
}

/** How a client is called to fetch the file `name` of the server on `port` into `output`. */
type Command = (port: number, name: string, output: string) => readonly string[];

function curl(options: readonly string[], mode = ""): Command {
  return (port, name, output) => [
    ...["curl", "-sS", ...options],
    ...["-o", output, `tftp://127.0.0.1:${port}/${name}${mode}`],
  ];
}

function busybox(...options: readonly string[]): Command {
  return (port, name, output) => [
    ...["busybox", "tftp", ...options],
    ...["-g", "-r", name, "-l", output, "127.0.0.1", String(port)],
  ];
}

function tftpHpa(mode: "binary" | "ascii"): Command {
  return (port, name, output) => [
    ...["tftp", "-m", mode, "127.0.0.1", String(port)],
    ...["-c", "get", name, output],
  ];
}

function atftp(...options: readonly string[]): Command {
  return (port, name, output) => [
    ...["atftp", ...options.flatMap((option) => ["--option", option])],
    ...["-g", "-r", name, "-l", output, "127.0.0.1", String(port)],
  ];
}

interface Client {
  readonly name: string;
  readonly command: Command;
  readonly sizes: readonly number[];
  /** What is in the output: curl does not convert what it fetches in netascii. */
  readonly kept: "octet" | "netascii";
}

function client(name: string, command: Command, tried = sizes, kept: Client["kept"] = "octet") {
  return { name, command, sizes: tried, kept };
}

const clients: readonly Client[] = [
  // Asks for tsize, blksize and timeout unless it is told not to.
  client("curl, blksize 512 and tsize and timeout", curl([])),
  client("curl, blksize 8", curl(["--tftp-blksize", "8"]), small),
  client("curl, blksize 1428", curl(["--tftp-blksize", "1428"])),
  client("curl, blksize 65464", curl(["--tftp-blksize", "65464"])),
  client("curl without options", curl(["--tftp-no-options"])),
  client("busybox", busybox()),
  // A smaller block does not hold its own request.
  client("busybox, blksize 100", busybox("-b", "100"), small),
  client("busybox, blksize 1428", busybox("-b", "1428")),
  client("busybox, blksize 65464", busybox("-b", "65464")),
  client("tftp-hpa", tftpHpa("binary")),
  client("atftp", atftp()),
  client("atftp, blksize 8", atftp("blksize 8"), small),
  client("atftp, blksize 1428", atftp("blksize 1428")),
  client("atftp, blksize 65464", atftp("blksize 65464")),
  // As its manual has it; the word itself goes on the wire.
  client("atftp, tsize", atftp("tsize enable")),
  client("atftp, timeout 3", atftp("timeout 3")),
  client("atftp, windowsize 8", atftp("windowsize 8")),
  client(
    "atftp with all its options",
    atftp("blksize 8192", "tsize 0", "timeout 5", "windowsize 16"),
  ),
  client("tftp-hpa, netascii", tftpHpa("ascii"), small),
  client("curl, netascii", curl([], ";mode=netascii"), small, "netascii"),
  client(
    "curl, netascii, blksize 1428",
    curl(["--tftp-blksize", "1428"], ";mode=netascii"),
    sizes,
    "netascii",
  ),
  client("atftp, netascii", atftp("mode netascii"), small),
  client("atftp, netascii, windowsize 8", atftp("mode netascii", "windowsize 8")),
];

describeWithPeers("TFTP-1: real clients fetch files", ["curl", "busybox", "tftp", "atftp"], () => {
  for (const [index, { name, command, sizes, kept }] of clients.entries()) {
    // Several at a time: one client alone spends its time waiting for the next block.
    test.concurrent.for(sizes)(`${name}: %d bytes`, async (size) => {
      const output = join(folder, `fetched-${index}-${size}`);
      const [program, ...args] = command(server.port, `file-${size}`, output);
      const ended = await new Peer(name, program!, args).ended;
      expect(ended.status, ended.output).toBe(0);
      expect(hashOf(readFileSync(output)), ended.output).toBe(hashes.get(size)?.[kept]);
      rmSync(output);
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
