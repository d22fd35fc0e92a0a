import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conditionSite } from "./differential/condition.testing.ts";
import {
  Contender,
  macOf,
  type Script,
  type Site,
  type Step,
  type Touched,
} from "./differential/contender.testing.ts";
import { discoverSite } from "./differential/discover.testing.ts";
import { expressionSite } from "./differential/expression.testing.ts";
import { giveBackSite } from "./differential/give-back.testing.ts";
import { hostSite } from "./differential/host.testing.ts";
import { informSites } from "./differential/inform.testing.ts";
import { lifetimeSite } from "./differential/lifetime.testing.ts";
import { localSites } from "./differential/local.testing.ts";
import { parameterSite } from "./differential/parameter.testing.ts";
import { poolSite } from "./differential/pool.testing.ts";
import { randomSite } from "./differential/random.testing.ts";
import { type Answer, type Reply, replyLines } from "./differential/reply-text.testing.ts";
import { requestSites } from "./differential/request.testing.ts";
import { sizeSite } from "./differential/size.testing.ts";
import { describeWithPeers, NetworkLab } from "./namespaces.testing.ts";

interface Difference {
  /** What prov dhcpd does instead; the same as dhcpd when left out. */
  readonly ours?: Answer;
  /** Lines of the two replies that may differ, and do. */
  readonly lines?: RegExp;
  readonly reason: string;
}

/** Where prov dhcpd does otherwise on purpose. */
const onPurpose: Readonly<Record<string, Difference>> = {
  "a reply is no request": {
    ours: "silence",
    reason: "dhcpd does not look at op; a server that answers replies can be made to answer itself",
  },
  nobody: {
    ours: "silence",
    reason: "all devices without hardware address and client identifier would share one lease",
  },
  "the server's own source address": {
    lines: /^from /,
    reason:
      "dhcpd sends frames from server-identifier, whoever has that address; here the source is always ours",
  },
  "ciaddr of an OFFER": {
    lines: /^ciaddr /,
    reason: "RFC 2131, table 3: ciaddr of an OFFER is 0; dhcpd copies what the client sent",
  },
  "a stranger's DECLINE": {
    ours: "ack",
    reason:
      "dhcpd abandons an address on anybody's word, so that one device could take all others off line",
  },
  "an offer is held": {
    ours: "nak",
    reason:
      "RFC 2131, section 3.1: an offered address is not given to somebody else before its client answers",
  },
  "a REQUEST without DISCOVER under one-lease-per-client": {
    ours: "ack",
    reason:
      "dhcpd looks for the other leases of whoever had the new address before, and so misses those of the client",
  },
  "an address of a former client under one-lease-per-client": {
    reason:
      "dhcpd looks for the other leases of whoever had the new address before, and takes them from him",
  },
  "deny duplicates": {
    ours: "ack",
    reason:
      "dhcpd.conf(5) promises it for every request; dhcpd does it on renewals under one-lease-per-client only",
  },
  "a fixed address is a lease too": {
    ours: "nak",
    reason:
      "dhcpd keeps no lease of a fixed address, so that inside a range it gives the address to a second client",
  },
  "any of its fixed addresses": {
    ours: "ack",
    reason:
      "of several fixed addresses on one network dhcpd knows the first; here a client keeps the one that it has",
  },
  "the relay's own port": {
    lines: /^(offer to|from) /,
    reason:
      "RFC 8357: a relay with sub-option 19 is answered at the port it sent from; dhcpd is built without",
  },
  "the relay's own server identifier": {
    lines: /^option 54: /,
    reason: "RFC 5107: sub-option 11 is what the client is told; dhcpd does not know it",
  },
  "endless leases": {
    lines: /^option 51: /,
    reason:
      "RFC 2131, section 3.3: 0xffffffff is infinity; dhcpd counts the seconds to the end of 32-bit time",
  },
  "a text does not end in NUL": {
    lines: /^(from|option (15|66): )/,
    reason:
      "RFC 2132, section 2: texts are sent without NUL; dhcpd answers a client that sent one likewise",
  },
  "option 82 is echoed as it came": {
    lines: /^(from|option 82: )/,
    reason: "RFC 3046, section 2.2; dhcpd drops a sub-option without a value from the end",
  },
};

const sites: readonly Site[] = [
  ...[discoverSite, sizeSite, ...requestSites, giveBackSite, ...informSites, ...localSites],
  ...[parameterSite, hostSite, poolSite, lifetimeSite, conditionSite, expressionSite, randomSite],
];

test("every difference that is meant has a step that shows it", () => {
  const scripts = sites.flatMap((site) => site.scripts);
  const shown = scripts.flatMap(({ steps }) => steps.flatMap((step) => step.onPurpose ?? []));
  expect([...new Set(shown)].sort()).toEqual(Object.keys(onPurpose).sort());
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
