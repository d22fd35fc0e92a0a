import type { PacketDraft } from "../campaign/packet-draft.ts";
import type { PacketShape } from "../campaign/packet-mutator.ts";

const CROWD_MAX = 70;
const utf8 = new TextEncoder();
/** What is put into a request, in the middle of anything. */
const snippets = [
  // Not UTF-8 anywhere.
  Uint8Array.of(0xff),
  ...[
    ...[
      "\0",
      "\0\0",
      "../",
      "..\\",
      "%2e%2e%2f",
      "octet\0",
      "blksize\x0065464\0",
      "blksize\x008\0",
    ],
    ...["windowsize\x0065535\0", "timeout\x001\0", "tsize\x000\0", "outside/canary.txt"],
  ].map((text) => utf8.encode(text)),
];

/** TFTP: names, modes and options are moved, repeated, crowded and run together. */
export const tftpShape: PacketShape = {
  randomOneIn: 24,
  disguise: (draft) => {
    if (draft.length < 2 || draft.below(2) === 0) return;
    draft.bytes[0] = 0;
    draft.bytes[1] = draft.below(8);
  },
  change: (draft) => {
    const at = someText(draft);
    textChanges[draft.below(textChanges.length)](draft, at);
  },
};

const insertSnippet = (draft: PacketDraft, at: number): void => {
  const snippet = snippets[draft.below(snippets.length)];
  const count = draft.insert(at, snippet.length);
  draft.bytes.set(snippet.subarray(0, count), at);
};
const mutateBytes = (draft: PacketDraft): void => draft.mutateBytes();

const textChanges: readonly ((draft: PacketDraft, at: number) => void)[] = [
  (draft) => {
    draft.bytes[Math.min(1, draft.length - 1)] = draft.below(8);
  },
  (draft, at) => draft.remove(at, textBytes(draft, at)),
  (draft, at) => draft.repeat(at, textBytes(draft, at)),
  ...[insertSnippet, insertSnippet],
  (draft) => insertSnippet(draft, draft.below(draft.length)),
  crowd,
  // Two texts run together.
  (draft, at) => draft.remove(at + Math.max(0, textBytes(draft, at) - 1), 1),
  ...[mutateBytes, mutateBytes],
];

/** Where a name, a mode, or the name or value of an option begins; the second byte at least. */
function someText(draft: PacketDraft): number {
  let at = Math.min(2, draft.length);
  for (let left = draft.below(8); left > 0; left -= 1) {
    const next = at + textBytes(draft, at);
    if (next >= draft.length) break;
    at = next;
  }
  return at;
}

/** The length of a text, with its NUL if it has one. */
function textBytes({ bytes, length }: PacketDraft, at: number): number {
  const nul = bytes.subarray(0, length).indexOf(0, at);
  return nul < 0 ? length - at : nul + 1 - at;
}

/** Options of one character, up to more than a packet may have. */
function crowd(draft: PacketDraft, at: number): void {
  const end = at + draft.insert(at, 4 * draft.below(CROWD_MAX));
  for (let option = at; option + 3 < end; option += 4) {
    draft.bytes.set([0x61 + draft.below(26), 0, 0x30 + draft.below(10), 0], option);
  }
}
