import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { fetchFile, ServingProcess } from "../loopback/prov-serve.testing.ts";
import { freePorts } from "../ports.testing.ts";

// The secret that the CMTSs share signs the files of modems. It is in the memory of the process that makes them,
// and in no other one (docs/decisions/0016-a-process-for-each-service.md).

const secret = "a-secret-that-stands-nowhere-else-7f3a91";
const root = resolve(import.meta.dirname, "../..");
const address = "127.0.0.1";

describe.runIf(process.platform === "linux")("the secret of the CMTSs", () => {
  let folder: string;
  let files: ServingProcess;
  let others: ServingProcess;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "provlab-secret-"));
    cpSync(join(root, "examples/device-files"), join(folder, "device-files"), { recursive: true });
    writeFileSync(join(folder, "cmts-secret"), secret, { mode: 0o600 });
    mkdirSync(join(folder, "tftp"));
    writeFileSync(join(folder, "dhcpd.leases"), "");
    writeFileSync(
      join(folder, "dhcpd.conf"),
      "local-address 127.0.0.1; ping-check false;\n" +
        "subnet 127.64.0.0 netmask 255.255.255.0 { range 127.64.0.10 127.64.0.20; }\n",
    );
    const port = await freePorts();
    const deviceFiles = {
      ...{ registrations: "device-files/registrations.json", templates: "device-files/templates" },
      sharedSecretFile: "cmts-secret",
    };
    files = await serve("tftp", { tftp: { root: "tftp", port: 0, deviceFiles } });
    others = await serve("syslog", {
      dhcp: { config: "dhcpd.conf", leases: "dhcpd.leases", port },
      ...{ time: { port: 0 }, ntp: { port: 0 }, syslog: { directory: "log", port: 0 } },
    });
    // Making a file takes the secret.
    await fetchFile(address, Number(files.portOf("tftp")), "cm-021000000001.cfg");
  });

  afterAll(async () => {
    expect([await files.stop(), await others.stop()]).toEqual([0, 0]);
    rmSync(folder, { recursive: true });
  });

  function serve(last: string, sections: object): Promise<ServingProcess> {
    const name = `${last}.yaml`;
    const prov = { schema: "provlab/prov@1", address, ...sections };
    writeFileSync(join(folder, name), stringify(prov));
    return ServingProcess.start(folder, name, last);
  }

  test("is in the memory of the process that makes modems' files", () => {
    expect(memoryHas(files.pid, secret)).toBe(true);
  });

  test("is not in the memory of DHCP, Time, NTP and Syslog, when they have a process of their own", () => {
    expect(memoryHas(others.pid, "syslog.yaml")).toBe(true);
    expect(memoryHas(others.pid, secret)).toBe(false);
  });
});

const CHUNK_BYTES = 4 * 1024 * 1024;

/** Whether the text, in Latin-1 or UTF-16, is anywhere in the private memory of a process. */
function memoryHas(pid: number, text: string): boolean {
  const needles = [Buffer.from(text, "latin1"), Buffer.from(text, "utf16le")];
  const overlap = needles[1]!.length;
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const chunk = Buffer.alloc(CHUNK_BYTES);
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, "latin1").trim().split("\n")) {
      const [, first, end, rights] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line)!;
      if (!rights!.startsWith("rw") || line.endsWith("[vvar]")) continue;
      const to = Number(`0x${end}`);
      for (let at = Number(`0x${first}`); at < to; at += CHUNK_BYTES - overlap) {
        const length = readMemory(memory, chunk, at, Math.min(CHUNK_BYTES, to - at));
        if (needles.some((needle) => chunk.subarray(0, length).includes(needle))) return true;
      }
    }
    return false;
  } finally {
    closeSync(memory);
  }
}

/** How many bytes could be read: a page that is gone has none. */
function readMemory(memory: number, chunk: Buffer, at: number, length: number): number {
  try {
    return readSync(memory, chunk, 0, length, at);
  } catch {
    return 0;
  }
}
