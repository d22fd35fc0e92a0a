import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Population } from "../../scenarios/population/population.ts";
import { type DhcpdConfOptions, dhcpdConf } from "../../scenarios/servers/dhcpd-conf.ts";
import { acceptance } from "../../server/config/grammar/acceptance.testing.ts";
import { configOf, errorsOf } from "../../server/config/grammar/config.testing.ts";
import { hinted, warned } from "../../server/config/grammar/pitfalls.testing.ts";
import { evaluateScopes } from "../../server/config/model/evaluate.ts";
import {
  acceptanceMutants,
  differences,
  isSamePlace,
  type Verdicts,
} from "./acceptance-differences.testing.ts";
import { expressionCount, expressionLines } from "./expressions.testing.ts";
import { mutantsOf } from "./mutate.testing.ts";
import { describeWithPeers, NetworkLab } from "./namespaces.testing.ts";

const repository = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const seed = Number(process.env["PROVLAB_SEED"] ?? 1);

// ISC's own example comes with its package; the guide's lie beside the repository.
const files = [
  resolve(repository, "examples/docsis.conf"),
  resolve(repository, "examples/smart-meter.conf"),
  "/usr/share/doc/isc-dhcp-server/dhcpd.conf.example",
  "/etc/dhcp/dhcpd.conf",
  resolve(repository, "../shared/spec/examples/docsis-dhcpd.conf"),
  resolve(repository, "../shared/spec/examples/smart-meter-dhcpd.conf"),
].filter(existsSync);

describeWithPeers("prov dhcpd takes the files that ISC dhcpd takes", ["dhcpd"], () => {
  let lab: NetworkLab;
  let namespace: string;

  beforeAll(() => {
    lab = new NetworkLab();
    // Without a network, a host name in a file is looked up in vain at once.
    namespace = lab.addNamespace("parse");
    writeFileSync(lab.path("dhcpd.leases"), "");
  });

  afterAll(async () => {
    await lab.close();
  });

  async function verdictsOn(text: string): Promise<Verdicts> {
    writeFileSync(lab.path("dhcpd.conf"), text, "latin1");
    const { status, output } = await lab.run(namespace, "dhcpd", [
      ...["-4", "-t", "-cf", lab.path("dhcpd.conf"), "-lf", lab.path("dhcpd.leases")],
      ...["-pf", lab.path("dhcpd.pid")],
    ]);
    const first = /^\S+ line (\d+): (.*)$/m.exec(output);
    const [error] = errorsOf(text);
    return {
      text,
      // One of the wrong ones ends dhcpd by a signal instead of by its own decision.
      dhcpd: {
        accepts: status === 0,
        message: first?.[2] ?? output,
        line: first === null ? 0 : Number(first[1]),
      },
      prov: {
        accepts: error === undefined,
        message: error?.message ?? "",
        line: error?.line ?? 0,
      },
    };
  }

  const snippets = Object.entries(acceptance).flatMap(([verdict, texts]) =>
    texts.map((text) => [verdict, text] as const),
  );

  test.each(snippets)("%s: %s", async (verdict, text) => {
    const { dhcpd, prov } = await verdictsOn(text);
    // "refused": dhcpd takes it; this server says by name that it does not serve it.
    expect(dhcpd.accepts, dhcpd.message).toBe(verdict !== "wrong");
    expect(prov.accepts, prov.message).toBe(verdict === "accepted");
  });

  // What dhcpd takes is a warning here, and what it does not take an error.
  const pitfalls = [
    ...warned.map(([what, text]) => [what, text, true] as const),
    ...hinted.map(([what, text]) => [what, text, false] as const),
  ];

  test.each(pitfalls)("%s: %s", async (_what, text, accepted) => {
    const { dhcpd, prov } = await verdictsOn(asRead(text));
    expect(dhcpd.accepts, dhcpd.message).toBe(accepted);
    expect(prov.accepts, prov.message).toBe(accepted);
  });

  test.each(files)("%s", async (path) => {
    const { dhcpd, prov } = await verdictsOn(readFileSync(path, "latin1"));
    expect(prov).toEqual(dhcpd.accepts ? { accepts: true, message: "", line: 0 } : dhcpd);
  });

  const population = { cableModems: 24, mtas: 5, cpes: 50, smartMeters: 9, cmtsCount: 3 };
  const whole: DhcpdConfOptions = {
    leaseSeconds: 7200,
    ...{ localAddress: 0x7f00_0001, serverIdentifier: 0x0a09_0001, serverName: "node-a" },
    ...{ serverSubnet: { network: 0x0a09_0000, prefixLength: 24 }, bootServer: 0x0a09_0001 },
    leaseFile: "/var/lib/dhcp/dhcpd.leases",
  };
  test.each([
    ["everything", population, whole],
    ["as little as possible", { cableModems: 3, cmtsCount: 1 }, { leaseSeconds: 600 }],
    ["nobody registered", population, { ...whole, registered: false }],
  ])("what prov config prints for a population: %s", async (_what, kinds, options) => {
    const none = { cableModems: 0, mtas: 0, cpes: 0, smartMeters: 0 };
    const text = dhcpdConf(new Population({ ...none, ...kinds }), options);
    const { dhcpd, prov } = await verdictsOn(text);
    expect(prov.accepts, prov.message).toBe(true);
    expect(dhcpd).toMatchObject({ accepts: true, line: 0 });
    expect(dhcpd.message).not.toMatch(/line \d+|[Ww]arning/);
  });

  test(`${expressionCount} expressions (seed ${seed}) have the same value`, async () => {
    const lines = expressionLines(expressionCount, seed);
    writeFileSync(lab.path("dhcpd.conf"), lines.join("\n"), "latin1");
    const { status, output } = await lab.run(namespace, "dhcpd", [
      ...["-4", "-t", "-cf", lab.path("dhcpd.conf"), "-lf", lab.path("dhcpd.leases")],
      ...["-pf", lab.path("dhcpd.pid")],
    ]);
    expect(status, output.slice(0, 2000)).toBe(0);
    const theirs = output.split("\n").filter((line) => /^v\d+ /.test(line));
    const ours = lines.map(loggedBy);
    expect(theirs).toHaveLength(expressionCount);
    const different = ours.flatMap((value, index) =>
      value === theirs[index] ? [] : [`${lines[index]}\n  dhcpd ${theirs[index]}, ours ${value}`],
    );
    expect(different.join("\n")).toBe("");
  }, 60_000);

  test(`${acceptanceMutants} files with a slip (seed ${seed}): the same verdict, and the same line`, async () => {
    const statements = acceptance.accepted.filter((text) => isPlainStatement(text)).join("\n");
    const texts = [...files.slice(0, 2).map((path) => readFileSync(path, "latin1")), statements];
    const unexplained: string[] = [];
    const counts = new Map<string, number>();
    for (const mutant of mutantsOf(texts, acceptanceMutants, seed)) {
      const verdicts = await verdictsOn(mutant.text);
      const { dhcpd, prov } = verdicts;
      // Some mistakes are told without a place.
      const isSame =
        dhcpd.accepts === prov.accepts &&
        (dhcpd.accepts || dhcpd.line === 0 || isSamePlace(verdicts));
      if (isSame) continue;
      const difference = differences.find(({ explains }) => explains(verdicts));
      if (difference === undefined) {
        const said = `dhcpd ${JSON.stringify(dhcpd)}\n  prov ${JSON.stringify(prov)}`;
        unexplained.push(`${mutant.name}: ${mutant.before} -> ${mutant.after}\n  ${said}`);
      } else {
        counts.set(difference.reason, (counts.get(difference.reason) ?? 0) + 1);
      }
    }
    for (const [reason, count] of counts) process.stdout.write(`${count}: ${reason}\n`);
    expect(unexplained.join("\n")).toBe("");
  }, 120_000);
});

/** What the `log` statements say, each in a file of its own: there is a limit to what one may. */
function loggedBy(line: string): string {
  const config = configOf(line);
  const settings = evaluateScopes(config, [config.root], { packet: undefined, known: false });
  return settings.messages.map((message) => message.text).join("\n");
}

/** A UTF-8 file as both servers read it: one character a byte. */
function asRead(text: string): string {
  return /[^\0-\xff]/.test(text) ? Buffer.from(text, "utf8").toString("latin1") : text;
}

/** A line of statements that may stand at the top level beside all the others. */
function isPlainStatement(text: string): boolean {
  return !/include|option space|subnet|host [ab]|class|key|group|break|return|fun |option a|log-f|a\.b/.test(
    text,
  );
}
