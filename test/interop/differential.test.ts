import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatDiagnostic, parseConfig } from "../../server/config/grammar/parse.ts";
import {
  Contender,
  macOf,
  type Script,
  type Step,
  type Touched,
} from "./differential/contender.testing.ts";
import { featureSite } from "./differential/feature.testing.ts";
import { supported } from "./differential/features.testing.ts";
import { onPurpose, shownByHand } from "./differential/on-purpose.testing.ts";
import { type Reply, replyLines } from "./differential/reply-text.testing.ts";
import { featuresAt, sites } from "./differential/sites.testing.ts";
import { describeWithPeers, NetworkLab } from "./namespaces.testing.ts";

test("at least 60 features of the language have a case, and the parser takes each by itself", () => {
  expect(new Set(supported.map(({ name }) => name)).size).toBe(supported.length);
  expect(supported.length).toBeGreaterThanOrEqual(60);
  const refused = supported.flatMap((feature) => {
    const text = featureSite(feature.name, [feature], featuresAt).configuration;
    const parsed = parseConfig("dhcpd.conf", () => text);
    return parsed.kind === "ok" ? [] : [feature.name, ...parsed.diagnostics.map(formatDiagnostic)];
  });
  expect(refused.join("\n")).toBe("");
});

test("every difference that is meant has a step that shows it", () => {
  const scripts = sites.flatMap((site) => site.scripts);
  const shown = scripts.flatMap(({ steps }) => steps.flatMap((step) => step.onPurpose ?? []));
  expect([...new Set(shown)].sort()).toEqual(shownByHand.toSorted());
});

let xid = 0x1000_0000;

describeWithPeers("prov dhcpd answers as ISC dhcpd does", ["dhcpd"], () => {
  let lab: NetworkLab;
  let theirs: Contender;
  let ours: Contender;
  let touched: Touched;

  beforeAll(() => {
    lab = new NetworkLab();
    theirs = new Contender(lab, "dhcpd");
    ours = new Contender(lab, "prov");
  });

  afterAll(async () => {
    theirs.wire.close();
    ours.wire.close();
    await lab.close();
  });

  for (const [number, site] of sites.entries()) {
    describe(site.name, () => {
      beforeAll(async () => {
        touched = { onPurpose: new Set(), anywhere: new Set() };
        await Promise.all([theirs.start(site, number), ours.start(site, number)]);
      });

      afterAll(async () => {
        await Promise.all([theirs.stop(), ours.stop()]);
      });

      test.each(site.scripts.map((script, at) => [script.name, script, at] as const))(
        "%s",
        (_name, script, at) => play(script, macOf(number, at)),
      );

      test("both leave the same leases on disk, and nothing unasked on the wire", async () => {
        expect([theirs.strays(), ours.strays()]).toEqual([0, 0]);
        await Promise.all([theirs.stop(), ours.stop()]);
        expect(ours.leasesOnDisk(touched)).toEqual(theirs.leasesOnDisk(touched));
      });
    });
  }

  async function play({ steps }: Script, mac: string): Promise<void> {
    const isMeant = steps.some((step) => step.onPurpose !== undefined);
    const heard = { theirs: [] as Reply[], ours: [] as Reply[] };
    for (const [at, step] of steps.entries()) {
      xid += 1;
      const [their, our] = await Promise.all([
        theirs.ask(messageOf(step, heard.theirs, mac)),
        ours.ask(messageOf(step, heard.ours, mac)),
      ]);
      if (their !== undefined) heard.theirs.push(their);
      if (our !== undefined) heard.ours.push(our);
      if (isMeant) touched.onPurpose.add(addressOf(step)).add(their?.address).add(our?.address);
      if (step.leeway?.anyAddress === true) touched.anywhere.add(their?.address).add(our?.address);
      judge(step, `step ${at + 1}`, their, our);
    }
  }

  function messageOf({ send }: Step, earlier: readonly Reply[], mac: string) {
    return { mac, xid, ...(typeof send === "function" ? send(earlier) : send) };
  }

  function judge(step: Step, where: string, their: Reply | undefined, our: Reply | undefined) {
    const meant = step.onPurpose === undefined ? undefined : onPurpose[step.onPurpose];
    const wantedAnswer = step.answer ?? their?.kind ?? "silence";
    const lastWords = [theirs, ours].map(({ log }) => log.split("\n").slice(-4).join("\n"));
    expect(
      { dhcpd: their?.kind ?? "silence", prov: our?.kind ?? "silence" },
      [where, ...lastWords].join("\n"),
    ).toEqual({ dhcpd: wantedAnswer, prov: meant?.ours ?? wantedAnswer });
    if (meant?.ours !== undefined || their === undefined || our === undefined) return;
    const leeway = step.leeway ?? {};
    const wanted = replyLines(their, theirs.wire.hardwareAddress, leeway);
    const got = replyLines(our, ours.wire.hardwareAddress, leeway);
    if (meant?.lines === undefined) {
      expect(got, where).toEqual(wanted);
      // What the lines do not show: padding, and bytes after the last option of a field.
      if (!Object.values(leeway).includes(true)) {
        expect(hex(our.frame.payload), where).toBe(hex(their.frame.payload));
      }
      return;
    }
    const { lines } = meant;
    const others = (all: readonly string[]) => all.filter((line) => !lines.test(line));
    expect(others(got), where).toEqual(others(wanted));
    expect(got, "is on the list of differences and does not differ").not.toEqual(wanted);
  }
});

/** The address that a step is about, where the step itself says so. */
function addressOf({ send }: Step): string | undefined {
  return typeof send === "function" ? undefined : (send.requested ?? send.ciaddr);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
