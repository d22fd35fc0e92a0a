import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { errorsOf } from "../../server/config/grammar/config.testing.ts";
import {
  type CorpusFile,
  corpusDifferences,
  corpusMutants,
  exampleFiles,
  findDistribution,
  guideFolder,
  guideFragments,
  manualExamples,
} from "./acceptance-corpus.testing.ts";
import { differences, isSamePlace, type Verdicts } from "./acceptance-differences.testing.ts";
import { mutantsOf } from "./mutate.testing.ts";
import { missingPeers, NetworkLab } from "./namespaces.testing.ts";

const repository = resolve(import.meta.dirname, "../..");
const seed = Number(process.env["PROVLAB_SEED"] ?? 1);
/** Processes of dhcpd at once. */
const parallel = 4;

const distribution = findDistribution();
const guide = guideFolder(repository);

function whatIsMissing(): string | undefined {
  if (distribution.missing.length > 0) {
    return `the manual pages ${distribution.missing.join(", ")} of isc-dhcp-server and isc-dhcp-common are not here`;
  }
  if (distribution.examples.length === 0) return "no example file of isc-dhcp-server is here";
  return missingPeers(["dhcpd"]);
}

// dhcpd -t and prov dhcpd -t: accepted or not, and the line of the first error.
describeUnless(whatIsMissing(), "the examples of ISC dhcpd are judged as dhcpd judges them", () => {
  let lab: NetworkLab;
  let namespace: string;

  beforeAll(() => {
    lab = new NetworkLab();
    // Without a network, a host name in a file is looked up in vain at once.
    namespace = lab.addNamespace("corpus");
    writeFileSync(lab.path("dhcpd.leases"), "");
  });

  afterAll(async () => {
    await lab.close();
  });

  async function verdictsOn({ text }: CorpusFile, place: number): Promise<Verdicts> {
    const path = lab.path(`dhcpd-${place}.conf`);
    writeFileSync(path, text, "latin1");
    const { status, output } = await lab.run(namespace, "dhcpd", [
      ...["-4", "-t", "-cf", path, "-lf", lab.path("dhcpd.leases")],
      ...["-pf", lab.path(`dhcpd-${place}.pid`)],
    ]);
    const first = /^\S+ line (\d+): (.*)$/m.exec(output);
    const [error] = errorsOf(text);
    const accepts = status === 0;
    return {
      text,
      // What it takes it may still have said something about.
      dhcpd: {
        accepts,
        message: accepts ? "" : (first?.[2] ?? output),
        line: accepts || first === null ? 0 : Number(first[1]),
      },
      prov: {
        accepts: error === undefined,
        message: error?.message ?? "",
        line: error?.line ?? 0,
      },
    };
  }

  /** Those on which the two differ without a reason, told at length; the reasons go to the output. */
  async function unexplained(files: readonly CorpusFile[]): Promise<string> {
    const left = [...files.entries()];
    const found: string[] = [];
    const reasons = new Map<string, number>();
    const agreed = { accepted: 0, "refused in the same line": 0, "refused without a line": 0 };
    const work = async (place: number): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const [, file] = next;
        const verdicts = await verdictsOn(file, place);
        const { dhcpd } = verdicts;
        if (isAgreed(verdicts)) {
          if (dhcpd.accepts) agreed.accepted += 1;
          else if (dhcpd.line > 0) agreed["refused in the same line"] += 1;
          else agreed["refused without a line"] += 1;
          continue;
        }
        const reason = reasonOf(verdicts);
        if (reason === undefined) found.push(told(file, verdicts));
        else reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: parallel }, (_, place) => work(place)));
    const counts = Object.entries(agreed).map(([how, count]) => `${count} ${how}`);
    process.stdout.write(`${files.length} files; by both: ${counts.join(", ")}\n`);
    for (const [reason, count] of reasons) process.stdout.write(`  ${count}: ${reason}\n`);
    return found.join("\n");
  }

  const examples = exampleFiles(distribution);
  const manuals = manualExamples(distribution);

  test(`${examples.length} example files`, async () => {
    expect(examples.length).toBeGreaterThan(0);
    expect(await unexplained(examples)).toBe("");
  });

  test(`${manuals.length} examples of ${distribution.manuals.length} manual pages`, async () => {
    expect(manuals.length).toBeGreaterThan(50);
    expect(await unexplained(manuals)).toBe("");
  });

  // The guide is no part of the repository.
  const fragments = guide === undefined ? [] : guideFragments(guide);

  test.skipIf(guide === undefined)(
    `${fragments.length} fragments of the guide, before and after correction`,
    async () => {
      expect(fragments.length).toBeGreaterThan(40);
      expect(await unexplained(fragments)).toBe("");
    },
  );

  test(`${corpusMutants} of these with a slip (seed ${seed})`, async () => {
    const texts = [...examples, ...manuals].map(({ text }) => text).filter(hasStatements);
    const mutants = mutantsOf(texts, corpusMutants, seed).map((mutant) => ({
      name: `${mutant.name}: ${mutant.before} -> ${mutant.after}`,
      text: mutant.text,
    }));
    expect(await unexplained(mutants)).toBe("");
  });
});

/** Some mistakes are told without a place. */
function isAgreed(verdicts: Verdicts): boolean {
  const { dhcpd, prov } = verdicts;
  if (dhcpd.accepts !== prov.accepts) return false;
  return dhcpd.accepts || dhcpd.line === 0 || isSamePlace(verdicts);
}

function reasonOf(verdicts: Verdicts): string | undefined {
  return [...differences, ...corpusDifferences].find(({ explains }) => explains(verdicts))?.reason;
}

function told({ name, text }: CorpusFile, { dhcpd, prov }: Verdicts): string {
  return `${name}:\n  dhcpd ${JSON.stringify(dhcpd)}\n  prov ${JSON.stringify(prov)}\n${text}`;
}

/** Only a text that is right can get its first mistake. */
function hasStatements(text: string): boolean {
  return errorsOf(text).length === 0 && /^\s*[^\s#]/m.test(text);
}
