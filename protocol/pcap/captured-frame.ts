/** Kinds of link that frames are read from here (the registry of LINKTYPE_ values). */
export const LinkType = {
  ethernet: 1,
  raw: 101,
  linuxCooked: 113,
  ipv4: 228,
  linuxCooked2: 276,
} as const;

/** One frame of a capture. */
export interface CapturedFrame {
  /** A value of `LinkType`, or of a kind of link that is not read here. */
  readonly linkType: number;
  /** Since 1970, with fractions; 0 where the capture has no time (pcapng simple packets). */
  readonly atMs: number;
  /** What was kept of the frame: a view of the file. */
  readonly bytes: Uint8Array;
  /** How long the frame was on the wire; more than `bytes` where the capture cut it. */
  readonly wireLength: number;
  /** Of the record, in the file. */
  readonly offset: number;
}
