import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { runCmconfig } from "./cmconfig.ts";
import { captureOutput } from "./output.testing.ts";

const folder = mkdtempSync(join(tmpdir(), "cmconfig-"));
const said = captureOutput();

afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const secret = write("secret", "DOCSIS\n");
const basic = `kind: cable-modem
settings:
  - networkAccess: 1
  - maxCpe: 3
  - classOfService:
      classId: 1
      downstreamBitsPerSecondMax: 20000000
      upstreamBitsPerSecondMax: 10000000
      privacyEnable: 0
`;
// tests/docsis1_0_basic.cm of github.com/rlaager/docsis.
const basicHex =
  "0301011201030412010101020401312d000304009896800701000610817865a1f6e47e81a7364ff607a24648" +
  "0710f90e368f5d979a2d5093bbaba37f1497ff00";

describe("a cable modem's file", () => {
  test("is encoded, and decoded to the same YAML with the state of its MICs", async () => {
    const output = join(folder, "basic.cm");
    const source = write("basic.yaml", basic);
    expect(await runCmconfig(["encode", source, "-o", output, "--secret-file", secret])).toBe(0);
    expect(readFileSync(output).toString("hex")).toBe(basicHex);
    expect(await runCmconfig(["decode", output, "--secret-file", secret])).toBe(0);
    expect(said.stdout).toBe(
      `# CM MIC: 817865a1f6e47e81a7364ff607a24648, right\n` +
        `# CMTS MIC: f90e368f5d979a2d5093bbaba37f1497, right\n${basic}`,
    );
    expect(said.stderr).toBe("");
  });

  test("goes to standard output, which is no terminal here", async () => {
    const source = write("basic.yaml", basic);
    const isTerminal = process.stdout.isTTY;
    process.stdout.isTTY = false;
    expect(await runCmconfig(["encode", source, "--secret-file", secret])).toBe(0);
    process.stdout.isTTY = true;
    expect(await runCmconfig(["encode", source, "--secret-file", secret])).toBe(2);
    process.stdout.isTTY = isTerminal;
    expect(said.stdoutBytes.toString("hex")).toBe(basicHex);
    expect(said.stderr).toContain("write it with --output FILE");
  });

  test("needs a secret, or that there is none", async () => {
    const source = write("basic.yaml", basic);
    const output = join(folder, "open.cm");
    expect(await runCmconfig(["encode", source, "-o", output])).toBe(2);
    expect(said.stderr).toContain("--secret-file FILE, or --no-secret");
    expect(await runCmconfig(["encode", source, "-o", output, "--no-secret"])).toBe(0);
    expect(await runCmconfig(["decode", output])).toBe(0);
    expect(said.stdout).toMatch(/^# CMTS MIC: [0-9a-f]{32}, not checked$/m);
    expect(await runCmconfig(["decode", output, "--no-secret"])).toBe(0);
    const both = ["decode", output, "--no-secret", "--secret-file", secret];
    expect(await runCmconfig(both)).toBe(2);
  });

  test("with wrong or missing MICs is shown, and the status is 2", async () => {
    const wrong = write("wrong.cm", Buffer.from(basicHex.replace("120103", "120104"), "hex"));
    expect(await runCmconfig(["decode", wrong, "--secret-file", secret])).toBe(2);
    expect(said.stdout).toContain("maxCpe: 4");
    expect(said.stderr).toBe(
      `prov cmconfig: ${wrong}: the CM MIC is wrong\nprov cmconfig: ${wrong}: the CMTS MIC is wrong\n`,
    );
    const bare = write("bare.cm", Buffer.from("030101ff", "hex"));
    said.forget();
    expect(await runCmconfig(["decode", bare])).toBe(2);
    expect(said.stderr).toContain("the CM MIC is missing");
    expect(said.stderr).toContain("the CMTS MIC is missing");
  });
});

describe("an MTA's file", () => {
  const source = `kind: mta
hash: europe
settings:
  - snmpObject:
      oid: 1.3.6.1.4.1.4491.2.2.1.1.1.7.0
      integer: 1
  - snmpObject:
      oid: 1.3.6.1.4.1.4115.11.1.2.1
      text: "${"0198xxxxxx|".repeat(40)}"
`;
  test("comes back as it was, with its hash", async () => {
    const output = join(folder, "mta.bin");
    expect(await runCmconfig(["encode", write("mta.yaml", source), "-o", output])).toBe(0);
    const bytes = readFileSync(output);
    expect(await runCmconfig(["decode", output])).toBe(0);
    const text = said.stdout;
    expect(text).toMatch(/^kind: mta\nhash: europe\nsettings:\n/);
    const again = join(folder, "again.bin");
    expect(await runCmconfig(["encode", write("again.yaml", text), "-o", again])).toBe(0);
    expect(readFileSync(again)).toEqual(bytes);
    bytes[30] ^= 1;
    expect(await runCmconfig(["decode", write("damaged.bin", bytes)])).toBe(2);
    expect(said.stderr).toContain("the hash is wrong");
  });
});

describe("mistakes have file, line and path, and the status 2", () => {
  const table: readonly (readonly [string, string, string])[] = [
    [
      "an unknown name, whose value starts on the next line",
      "kind: cable-modem\nsettings:\n  - maxCpe: 1\n  - clasOfService:\n      classId: 1\n",
      ":4: settings[1].clasOfService is not known here\n  hint: did you mean classOfService?",
    ],
    [
      "a value in a group",
      "kind: cable-modem\nsettings:\n  - classOfService:\n      classId: 17\n",
      ":4: settings[0].classOfService.classId must be a whole number from 1 to 16, not 17",
    ],
    [
      "hexadecimal that YAML takes for a number",
      "kind: cable-modem\nsettings:\n  - {type: 201, hex: 0102}\n",
      ":3: settings[0].hex must be hexadecimal text in quotes, not 102",
    ],
    ["no kind", "settings: []\n", ":1: kind must be one of cable-modem, mta"],
    ["an unknown key", "kind: mta\nsettings: []\nhsh: europe\n", ":3: hsh is not known here"],
    [
      "a hash in a modem's file",
      "kind: cable-modem\nhash: europe\nsettings: []\n",
      ":2: hash belongs to the file of an mta",
    ],
    ["no settings", "kind: mta\n", "settings must be a list of settings"],
    ["no YAML", "kind: [\n", "is not YAML"],
    [
      "more bytes than a group has",
      `kind: cable-modem\nsettings:\n  - eRouter:\n      tr069:\n        url: "${"x".repeat(254)}"\n`,
      "settings[0].eRouter.tr069 has 256 bytes, the most is 255",
    ],
  ];
  for (const [name, text, message] of table) {
    test(name, async () => {
      const source = write("bad.yaml", text);
      const output = join(folder, "never");
      expect(await runCmconfig(["encode", source, "-o", output, "--no-secret"])).toBe(2);
      expect(said.stderr).toContain(message);
      expect(said.stderr.startsWith(`prov cmconfig: ${source}`), said.stderr).toBe(true);
    });
  }

  test("several at once are all told", async () => {
    const source = write("bad.yaml", "kind: mta\nsettings:\n  - {a: 1}\n  - {b: 2}\n");
    expect(await runCmconfig(["encode", source])).toBe(2);
    expect(said.stderr).toContain(`${source}:3: settings[0].a is not known here`);
    expect(said.stderr).toContain(`${source}:4: settings[1].b is not known here`);
  });

  test("files that cannot be read, written or decoded", async () => {
    const missing = join(folder, "missing");
    for (const args of [
      ["encode", missing],
      ["decode", missing],
      ["decode", folder],
      ["decode", write("empty", "")],
      ["decode", write("text", "kind: mta\n")],
      ["encode", write("ok.yaml", basic), "--secret-file", missing],
      ["encode", write("ok.yaml", basic), "--no-secret", "-o", join(missing, "x")],
    ]) {
      said.forget();
      expect(await runCmconfig(args), args.join(" ")).toBe(2);
      expect(said.stderr).toMatch(
        /^prov cmconfig: .*(no such file|cannot be read|is not a config)/,
      );
    }
  });

  test("the command line", async () => {
    expect(await runCmconfig(["--help"])).toBe(0);
    expect(await runCmconfig(["encode", "--help"])).toBe(0);
    expect(await runCmconfig([])).toBe(2);
    expect(await runCmconfig(["encode"])).toBe(2);
    expect(await runCmconfig(["sign", "x"])).toBe(2);
    expect(await runCmconfig(["decode", "x", "--wrong"])).toBe(2);
  });
});
