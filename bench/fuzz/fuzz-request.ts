export interface FuzzRequest {
  /** Which protocol's campaigns run; all of them when undefined. */
  readonly only: "dhcp" | "tftp" | undefined;
  /** Packets for each decoder and for each server; 0: not that one. */
  readonly decoder: number;
  readonly server: number;
  readonly seed: number;
  /** Exists; the servers' files go there. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
  readonly onResult: (line: string) => void;
}

/** Longer than any campaign of a million packets takes. */
export const SERVER_MS_MAX = 20 * 60_000;
