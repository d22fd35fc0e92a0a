/** Link types that are supported here (the registry of LINKTYPE_ values). */
export const LinkType = {
  ethernet: 1,
  raw: 101,
  linuxCooked: 113,
  ipv4: 228,
  linuxCooked2: 276,
} as const;

/** One frame of a capture. */
export interface CapturedFrame {
  /** A value of `LinkType`, or an unsupported one. */
  readonly linkType: number;
  /** Since 1970, with fractions; 0 when the capture has no time (pcapng simple packets). */
  readonly atMs: number;
  /** The captured part of the frame, as a view of the file. */
  readonly bytes: Uint8Array;
  /** Length of the frame on the wire; more than `bytes` when the capture cut it. */
  readonly wireLength: number;
  /** Offset of the record in the file. */
  readonly offset: number;
}
