import { formatIpv4 } from "../../../../protocol/ipv4.ts";
import type { UdpFrame } from "../../../../protocol/udp-frame.ts";
import { formatDiagnostic, parseConfig } from "../../../../server/config/grammar/parse.ts";
import { type ClientMessage, startSeconds } from "../../../../server/dhcp/decide/engine.testing.ts";
import type { LeaseRecord } from "../../../../server/lease/lease.ts";
import { leaseFile, leaseLine, type StartingLease } from "../contender.testing.ts";
import { type Leeway, type Reply, readReply, replyLines } from "../reply-text.testing.ts";
import { explanationOf } from "./explained.testing.ts";
import { leaseExplanationsOf } from "./explained-leases.testing.ts";
import { DhcpdGone, type FrozenDhcpd, markerConfiguration } from "./frozen-dhcpd.testing.ts";
import {
  type Answered,
  configText,
  isBinding,
  type Move,
  messageOf,
  type Pair,
} from "./pair.testing.ts";
import { VirtualProv, virtualCableMac } from "./virtual-prov.testing.ts";

/** What one pair came to. */
export type Verdict =
  /** `explained`: names of the table of differences that were met. */
  | { readonly kind: "same"; readonly replies: number; readonly explained: readonly string[] }
  /** dhcpd does not take the configuration: a mistake of the generator. */
  | { readonly kind: "refused"; readonly text: string }
  /** dhcpd has crashed or hangs. */
  | { readonly kind: "gone"; readonly text: string }
  | { readonly kind: "different"; readonly text: string };

/** What happened at one packet, on both sides. */
export interface Encounter {
  readonly message: ClientMessage;
  readonly theirs: Reply | undefined;
  readonly ours: Reply | undefined;
  /** Lines of the two replies that the other one does not have. */
  readonly theirLines: readonly string[];
  readonly ourLines: readonly string[];
  /** What each server answered before. */
  readonly heard: { readonly theirs: readonly Answered[]; readonly ours: readonly Answered[] };
  readonly leases: readonly StartingLease[];
  readonly configuration: string;
}

/** Plays one pair to both servers; the first difference without an explanation ends it. */
export async function duel(pair: Pair, dhcpd: FrozenDhcpd): Promise<Verdict> {
  try {
    return await duelOf(pair, dhcpd);
  } catch (error) {
    if (!(error instanceof DhcpdGone)) throw error;
    return { kind: "gone", text: error.message };
  } finally {
    await dhcpd.stop();
  }
}

async function duelOf(pair: Pair, dhcpd: FrozenDhcpd): Promise<Verdict> {
  const configuration = `${markerConfiguration}${configText(pair.configuration)}`;
  const leases = pair.leases.length === 0 ? "" : leaseFile(pair.leases, startSeconds);
  const started = await dhcpd.start(configuration, leases, startSeconds);
  if (started.kind === "refused") return { kind: "refused", text: errorsOf(started.log) };
  const parsed = parseConfig("dhcpd.conf", () => configuration);
  if (parsed.kind !== "ok") {
    const text = parsed.diagnostics.map(formatDiagnostic).join("\n");
    return { kind: "different", text: `prov dhcpd refuses the configuration:\n${text}` };
  }
  return play(pair, configuration, dhcpd, new VirtualProv(parsed.config, leases, startSeconds));
}

/** What dhcpd says of its configuration: the lines from the first error on, without its farewell. */
function errorsOf(log: string): string {
  const [complaint] = log.split("\nIf you think you have received this message");
  return complaint.slice(complaint.indexOf("/dhcpd.conf line"));
}

async function play(
  pair: Pair,
  configuration: string,
  dhcpd: FrozenDhcpd,
  prov: VirtualProv,
): Promise<Verdict> {
  const heard = { theirs: [] as Answered[], ours: [] as Answered[] };
  const explained: string[] = [];
  for (const [at, move] of pair.moves.entries()) {
    if (move.waitSeconds !== undefined) {
      await dhcpd.advance(move.waitSeconds);
      prov.advance(move.waitSeconds);
    }
    const xid = 0x1000_0000 + at;
    const message = messageOf(move, heard.theirs, xid);
    const ourMessage = messageOf(move, heard.ours, xid);
    const theirs = only(await dhcpd.ask(message), "dhcpd");
    const ours = only(prov.ask(ourMessage), "prov dhcpd");
    const lines = linesOf(theirs, ours, leewayOf(move), dhcpd.cable.wire.hardwareAddress);
    const explanation = explanationOf({
      ...{ message, theirs, ours, ...lines, heard, leases: pair.leases, configuration },
    });
    if (theirs !== undefined) heard.theirs.push({ reply: theirs, message });
    if (ours !== undefined) heard.ours.push({ reply: ours, message: ourMessage });
    const isSame = lines.theirLines.length + lines.ourLines.length === 0;
    if (explanation === undefined) {
      if (isSame) continue;
      const where = `packet ${at + 1}: ${JSON.stringify(message)}`;
      return { kind: "different", text: [where, differenceText(lines)].join("\n") };
    }
    explained.push(explanation.name);
    // The two servers are in different states from here on: what follows proves nothing.
    if (explanation.divides) return { kind: "same", replies: heard.theirs.length, explained };
  }
  if (dhcpd.strays() > 0) return { kind: "different", text: "dhcpd sent what nobody asked for" };
  return leasesVerdict(pair, dhcpd, prov, heard.theirs, explained);
}

function leasesVerdict(
  pair: Pair,
  dhcpd: FrozenDhcpd,
  prov: VirtualProv,
  heard: readonly Answered[],
  explained: readonly string[],
): Verdict {
  const had = new Set([
    ...heard.filter(({ reply }) => isBinding(reply)).map(({ reply }) => reply.address),
    ...pair.leases.filter(({ mac }) => mac !== undefined).map(({ address }) => address),
  ]);
  // When dhcpd writes its file anew it puts down whom it offered a free address, and leaves out free
  // addresses of nobody: neither says anything.
  const recordsOf = (server: FrozenDhcpd | VirtualProv): LeaseRecord[] =>
    server
      .records()
      .filter(
        ({ address, bindingState }) => bindingState !== "free" || had.has(formatIpv4(address)),
      );
  const [theirs, ours] = [recordsOf(dhcpd), recordsOf(prov)];
  const explanations = leaseExplanationsOf(theirs, ours, heard, configText(pair.configuration));
  if (explanations !== undefined) {
    return { kind: "same", replies: heard.length, explained: [...explained, ...explanations] };
  }
  const [their, our] = [theirs, ours].map((records) =>
    records.map((record) => leaseLine(record, { anywhere: new Set() })),
  );
  const theirLines = their.filter((line) => !our.includes(line));
  const ourLines = our.filter((line) => !their.includes(line));
  return { kind: "different", text: `leases\n${differenceText({ theirLines, ourLines })}` };
}

function only(frames: readonly UdpFrame[], who: string): Reply | undefined {
  if (frames.length > 1) throw new Error(`${who} answered one packet twice`);
  return frames.length === 0 ? undefined : readReply(frames[0]);
}

/** Without a request list the order is that of dhcpd's hash table, which promises nothing. */
function leewayOf({ message: { list } }: Move): Leeway {
  return { anyOrder: list === undefined || list.length === 0 };
}

/** Lines of each reply that the other does not have; nothing when they are the same to the byte. */
function linesOf(
  theirs: Reply | undefined,
  ours: Reply | undefined,
  leeway: Leeway,
  cableMac: Uint8Array,
): Pick<Encounter, "theirLines" | "ourLines"> {
  const their = theirs === undefined ? ["silence"] : replyLines(theirs, cableMac, leeway);
  const our = ours === undefined ? ["silence"] : replyLines(ours, virtualCableMac, leeway);
  const theirLines = their.filter((line) => !our.includes(line));
  const ourLines = our.filter((line) => !their.includes(line));
  const isSame = theirLines.length + ourLines.length === 0;
  if (!isSame || theirs === undefined || ours === undefined) return { theirLines, ourLines };
  if (their.join("\n") !== our.join("\n")) {
    return { theirLines: [orderOf(theirs)], ourLines: [orderOf(ours)] };
  }
  // What the lines do not show: padding, and bytes after the last option of a field.
  const [theirBytes, ourBytes] = [theirs, ours].map(({ frame }) =>
    Buffer.from(frame.payload).toString("hex"),
  );
  if (leeway.anyOrder === true || theirBytes === ourBytes) return { theirLines, ourLines };
  return { theirLines: [`bytes ${theirBytes}`], ourLines: [`bytes ${ourBytes}`] };
}

function orderOf({ packet }: Reply): string {
  return `order of options ${packet.options.codes().join(" ")}`;
}

function differenceText({
  theirLines,
  ourLines,
}: Pick<Encounter, "theirLines" | "ourLines">): string {
  return [
    ...theirLines.map((line) => `  dhcpd: ${line}`),
    ...ourLines.map((line) => `  prov:  ${line}`),
  ].join("\n");
}
