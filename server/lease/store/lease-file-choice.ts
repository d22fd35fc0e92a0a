import type { LeaseFileMark } from "./lease-file-mark.ts";

/** What was found in one of two lease files. */
export type FoundFile =
  | { readonly kind: "missing" }
  /** Damaged before its end, or the system refuses to read it. */
  | { readonly kind: "unreadable"; readonly why: string }
  | {
      readonly kind: "read";
      /** It has no lease and no mark. */
      readonly isBlank: boolean;
      /** The last mark; undefined in a file that was not written as one of two. */
      readonly mark: LeaseFileMark | undefined;
      /** Bytes of the mark's generation in this file. */
      readonly bytes: number;
    };

export type FileChoice =
  /** Both files have the same leases, all that were acknowledged. */
  | { readonly kind: "in-step" }
  /** This one has all leases that were acknowledged; the other one is written anew. */
  | { readonly kind: "one"; readonly place: 0 | 1; readonly isNewSet: boolean }
  /** This file is missing, and the other one has no lease (LEASE-1). */
  | { readonly kind: "missing"; readonly place: 0 | 1 }
  /** Acknowledged leases might be missing, so a person has to decide. Both are whole sentences. */
  | { readonly kind: "refused"; readonly why: string; readonly remedy: string };

type Marked = Extract<FoundFile, { kind: "read" }> & { readonly mark: LeaseFileMark };

/**
 * Which of two lease files a start takes. An ACK left when either file had its lease, so one file alone
 * counts only when its mark says that the other one had been left out; otherwise the later one of two
 * counts: first by generation, then by the bytes written in it.
 */
export function chooseLeaseFile(
  paths: readonly [string, string],
  found: readonly [FoundFile, FoundFile],
): FileChoice {
  const [first, second] = found.map((file) => file.kind === "read" && !file.isBlank);
  if (!first && !second) return chooseBlank(found, paths);
  if (first && second) return chooseLater(paths, found);
  return chooseOnly(first ? 0 : 1, paths, found);
}

function isMarked(file: FoundFile): file is Marked {
  return file.kind === "read" && file.mark !== undefined;
}

/** Neither file has a lease. */
function chooseBlank(
  found: readonly [FoundFile, FoundFile],
  paths: readonly [string, string],
): FileChoice {
  const broken = found.findIndex(({ kind }) => kind === "unreadable");
  if (broken >= 0) {
    return refused(whyNot(found[broken], paths[broken]), whatIf(paths[1 - broken]));
  }
  const gone = found.findIndex(({ kind }) => kind === "missing");
  if (gone >= 0) return { kind: "missing", place: gone === 0 ? 0 : 1 };
  return { kind: "one", place: 0, isNewSet: true };
}

/** The file at `place` has leases, and the other one is blank, missing or unreadable. */
function chooseOnly(
  place: 0 | 1,
  paths: readonly [string, string],
  found: readonly [FoundFile, FoundFile],
): FileChoice {
  const [file, other] = [found[place], found[1 - place]];
  const isNewSet = other.kind !== "unreadable";
  if (isMarked(file) ? file.mark.standing === "alone" : isNewSet) {
    return { kind: "one", place, isNewSet };
  }
  return refused(whyNot(other, paths[1 - place]), whatIf(paths[place]));
}

/** Both files have leases or marks. */
function chooseLater(
  paths: readonly [string, string],
  found: readonly [FoundFile, FoundFile],
): FileChoice {
  const [first, second] = found;
  if (!isMarked(first) || !isMarked(second)) {
    const unmarked = isMarked(first) ? 1 : 0;
    return refused(
      `${paths[unmarked]} was not written together with ${paths[1 - unmarked]}, and both have leases.`,
      oneCounts,
    );
  }
  const [one, two] = [first.mark, second.mark];
  const between = `${paths[0]} and ${paths[1]}`;
  if (one.set !== two.set) {
    return refused(`${between} were not written together: their sets differ.`, oneCounts);
  }
  if (one.standing === "alone" && two.standing === "alone") {
    return refused(`${between} were each written without the other one.`, oneCounts);
  }
  if (one.generation === two.generation) return chooseLonger(first, second, between);
  const place = one.generation > two.generation ? 0 : 1;
  const [later, earlier] = place === 0 ? [first, second] : [second, first];
  // A generation that both files write begins in both before anything else is acknowledged, unless the
  // earlier file was not yet counted on. Otherwise it is an older copy of what it was.
  const isOldCopy =
    later.mark.standing === "both" && earlier.mark.standing === "both" && later.bytes > 0;
  if (later.mark.standing === "behind" || isOldCopy) {
    return refused(`${paths[1 - place]} is an older copy.`, whatIf(paths[place]));
  }
  return { kind: "one", place, isNewSet: false };
}

/** Both files are of one generation. */
function chooseLonger(first: Marked, second: Marked, between: string): FileChoice {
  const [one, two] = [first.mark.standing, second.mark.standing];
  const isSecond = one === two ? second.bytes > first.bytes : one === "behind";
  if (one === "both" && two === "both" && first.bytes === second.bytes) return { kind: "in-step" };
  const isPossible = one === two ? one === "both" : one === "behind" || two === "behind";
  if (isPossible) return { kind: "one", place: isSecond ? 1 : 0, isNewSet: false };
  return refused(`${between} contradict each other about their generation.`, oneCounts);
}

const oneCounts =
  "Name the one that counts alone (leases: PATH), or move the other one away: it is then made anew.";

function refused(why: string, remedy: string): FileChoice {
  return { kind: "refused", why, remedy };
}

function whyNot(file: FoundFile, path: string): string {
  if (file.kind === "missing") return `${path} is missing.`;
  return file.kind === "unreadable" ? file.why : `${path} is empty.`;
}

function whatIf(path: string): string {
  return (
    "Leases that were acknowledged may be in that file only. Bring it back, or go on with " +
    `${path} alone (leases: ${path}): leases that it does not have are then lost.`
  );
}
