/** What a reader of the tutorial does next: save a file, or type commands. */
export type Step =
  | { readonly kind: "save"; readonly line: number; readonly path: string; readonly text: string }
  | {
      readonly kind: "run";
      readonly line: number;
      readonly script: string;
      /** What the machine must have for it: `network`, `minutes`, a program. */
      readonly needs: string | undefined;
      /** The exit status of the block: 0, or what a comment `# exits N` says. */
      readonly status: number;
      /** What the page shows of its standard output. */
      readonly shown: string | undefined;
    };

const FENCE = /^```(\w*)(?: (\w+)=(\S+))?$/;

/**
 * The steps of a Markdown page, in order: blocks ```yaml title=PATH are files, ```sh (needs=WHAT) are
 * commands, and ```text is the output of the commands before it. Blocks of YAML without a title are
 * only to be looked at. Throws an Error for any other block, so that nothing is passed over.
 */
export function stepsOf(page: string): Step[] {
  const steps: Step[] = [];
  const lines = page.split("\n");
  for (let index = 0; index < lines.length; index += 1) {
    if (!lines[index].startsWith("```")) continue;
    const line = index + 1;
    const [, language, key, value] = FENCE.exec(lines[index]) ?? [];
    const end = lines.indexOf("```", index + 1);
    if (end < 0) throw new Error(`line ${line}: the block has no end`);
    const text = lines.slice(index + 1, end).join("\n");
    index = end;
    if (language === "yaml" && key === undefined) continue;
    if (language === "yaml" && key === "title") {
      steps.push({ kind: "save", line, path: value!, text: `${text}\n` });
    } else if (language === "sh" && (key === undefined || key === "needs")) {
      const status = Number(/# exits (\d+)$/m.exec(text)?.[1] ?? 0);
      steps.push({ kind: "run", line, script: text, needs: value, status, shown: undefined });
    } else if (language === "text" && key === undefined) {
      const last = steps.at(-1);
      if (last?.kind !== "run" || last.shown !== undefined) {
        throw new Error(`line ${line}: output without commands before it`);
      }
      steps[steps.length - 1] = { ...last, shown: text };
    } else {
      throw new Error(`line ${line}: a block that is neither file, commands nor output`);
    }
  }
  return steps;
}

/**
 * Output without its figures: numbers with their signs, and the units that change with their size.
 * Blanks and line ends are all one, since a summary breaks its lines where the figures let it.
 */
export function withoutFigures(output: string): string {
  return output
    .replace(/(?<!\S)[+-](?=\d)/g, "")
    .replace(/\d+(?:[.,]\d+)*/g, "N")
    .replace(/N (?:µs|ms|s|min|h)\b(?: N (?:ms|s|min)\b)*/g, "N TIME")
    .replace(/N (?:bytes|KiB|MiB|GiB)\b/g, "N SIZE")
    .replace(/\s+/g, " ")
    .trim();
}

/**
 * The first piece of what is shown that the output does not have, both without their figures; undefined
 * when it is all there, in its order. `…` is anything, and without it nothing may be left out.
 */
export function missingPiece(shown: string, output: string): string | undefined {
  const actual = withoutFigures(output);
  const pieces = withoutFigures(shown)
    .split("…")
    .map((piece) => piece.trim());
  let from = 0;
  for (const [index, piece] of pieces.entries()) {
    const isLast = index === pieces.length - 1;
    const at = isLast && piece !== "" ? actual.length - piece.length : actual.indexOf(piece, from);
    const isThere = at >= from && actual.startsWith(piece, at) && (index > 0 || at === 0);
    if (!isThere) return piece;
    from = at + piece.length;
  }
  return undefined;
}
