import { Offset } from "../../../protocol/dhcp/header.ts";
import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { edgeBytes, MUTANT_BYTES_MAX, type PacketDraft } from "../campaign/packet-draft.ts";
import type { PacketShape } from "../campaign/packet-mutator.ts";

const CROWD_MAX = 400;

/** DHCP: options are given wrong lengths, repeated, moved, split and nested. */
export const dhcpShape: PacketShape = {
  randomOneIn: 16,
  rewrite: randomOptions,
  change: (draft) => {
    const isBelowOptions = draft.length <= Offset.options || draft.below(4) === 0;
    if (isBelowOptions || draft.below(2) === 0) {
      draft.mutateBytes();
      return;
    }
    const at = someOption(draft);
    optionChanges[draft.below(optionChanges.length)](draft, at);
  },
};

const optionChanges: readonly ((draft: PacketDraft, at: number) => void)[] = [
  (draft, at) => {
    // A wrong length, mostly by little.
    const length = lengthOf(draft, at);
    draft.bytes[at + 1] =
      draft.below(2) === 0 ? length + draft.below(5) - 2 : edgeBytes[draft.below(9)];
  },
  (draft, at) => {
    draft.bytes[at] = draft.below(256);
  },
  (draft, at) => draft.remove(at, 2 + lengthOf(draft, at)),
  (draft, at) => draft.repeat(at, 2 + lengthOf(draft, at)),
  insertOption,
  (draft, at) => draft.scribble(at + 2, Math.min(draft.length, at + 2 + lengthOf(draft, at))),
  crowd,
  turnIntoOverload,
];

function lengthOf(draft: PacketDraft, at: number): number {
  return draft.bytes[at + 1] ?? 0;
}

/** A good header and options that are well-formed, of any code, length and content. */
function randomOptions(draft: PacketDraft): void {
  let at: number = Math.min(draft.length, Offset.options);
  const count = draft.below(12);
  for (let done = 0; done < count; done += 1) {
    const length = draft.below(draft.below(4) === 0 ? 256 : 16);
    if (at + 2 + length >= MUTANT_BYTES_MAX) break;
    draft.bytes[at] = 1 + draft.below(254);
    draft.bytes[at + 1] = length;
    draft.scribble(at + 2, at + 2 + length);
    at += 2 + length;
  }
  if (draft.below(8) !== 0) {
    draft.bytes[at] = OptionCode.end;
    at += 1;
  }
  draft.length = at;
}

/** Where one of the options begins; somewhere among them when they cannot be read. */
function someOption(draft: PacketDraft): number {
  let at: number = Offset.options;
  for (let left = draft.below(16); left > 0; left -= 1) {
    const code = draft.bytes[at];
    const next = code === OptionCode.pad ? at + 1 : at + 2 + draft.bytes[at + 1];
    if (code === OptionCode.end || next >= draft.length) break;
    at = next;
  }
  return at;
}

function insertOption(draft: PacketDraft, at: number): void {
  const length = draft.below(24);
  if (draft.insert(at, 2 + length) < 2 + length) return;
  const isType = draft.below(4) === 0;
  draft.bytes[at] = isType ? OptionCode.messageType : 1 + draft.below(254);
  draft.bytes[at + 1] = isType ? 1 : length;
  if (isType) draft.bytes[at + 2] = draft.below(MessageType.leaseActive + 3);
}

/** Says that `file` and `sname` hold options as well, which mostly they do not. */
function turnIntoOverload(draft: PacketDraft, at: number): void {
  if (draft.insert(at, 3) < 3) return;
  draft.bytes[at] = OptionCode.overload;
  draft.bytes[at + 1] = 1;
  draft.bytes[at + 2] = draft.below(5);
  if (draft.below(2) === 0) draft.scribble(Offset.sname, Offset.cookie);
}

/** Empty options, up to more than a packet may have. */
function crowd(draft: PacketDraft, at: number): void {
  const end = at + draft.insert(at, 2 * draft.below(CROWD_MAX));
  for (let option = at; option + 1 < end; option += 2) {
    draft.bytes[option] = 200 + draft.below(50);
    draft.bytes[option + 1] = 0;
  }
}
