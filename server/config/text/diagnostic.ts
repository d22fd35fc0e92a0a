import { latin1Bytes } from "../../../protocol/latin1.ts";

/** One message about a place in a configuration file. Lines and columns count from 1. */
export interface Diagnostic {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The source line, without its end; empty when there is none to show. */
  readonly text: string;
  readonly message: string;
  readonly hint?: string;
}

const WIDTH = 80;
const TAB = 8;

/**
 * Three lines like dhcpd's (`FILE line N: MESSAGE`, the source line, a caret under the column), and
 * a fourth with the hint if there is one. Tabs are expanded; of a long line only the part around
 * the caret is shown.
 */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const message = readable(diagnostic.message);
  const lines = [`${diagnostic.file} line ${diagnostic.line}: ${message}`];
  if (diagnostic.text !== "") {
    const before = expandTabs(readable(diagnostic.text.slice(0, diagnostic.column - 1)));
    const whole = expandTabs(readable(diagnostic.text));
    const from = before.length < WIDTH ? 0 : before.length - WIDTH / 2;
    lines.push(whole.slice(from, from + WIDTH).trimEnd());
    lines.push(`${" ".repeat(before.length - from)}^`);
  }
  if (diagnostic.hint !== undefined) lines.push(`  ${readable(diagnostic.hint)}`);
  return lines.join("\n");
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Files are read one character a byte; most that have more than ASCII in them are UTF-8. */
function readable(text: string): string {
  if (/^[\0-\x7f]*$/.test(text) || !/^[\0-\xff]*$/.test(text)) return text;
  try {
    return utf8.decode(latin1Bytes(text));
  } catch {
    return text;
  }
}

function expandTabs(text: string): string {
  let expanded = "";
  for (const character of text) {
    // A control character could rewrite the operator's terminal.
    if (character === "\t") expanded += " ".repeat(TAB - (expanded.length % TAB));
    else expanded += character < " " || character === "\x7f" ? "?" : character;
  }
  return expanded;
}
