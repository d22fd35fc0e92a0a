import { type ContentReading, failed } from "./device-registration.ts";

// Engines locate a mistake by its position or by an excerpt of the text around it.
const positionForm = /position (\d+)/;
const excerptForm = /, (?:\.\.\.)?"([\s\S]*)"(?:\.\.\.)? is not valid JSON$/;

/**
 * Parses JSON in UTF-8 and passes it to `read`. The message about invalid JSON contains no excerpt of the
 * text.
 */
export function readJson<Value>(
  bytes: Uint8Array,
  read: (data: unknown) => ContentReading<Value>,
): ContentReading<Value> {
  const text = new TextDecoder().decode(bytes);
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return failed(`is not JSON: ${withoutExcerpt(error.message, text)}`);
  }
  return read(data);
}

/** Removes the excerpt, because the file named by mistake may be the one with the secret. */
function withoutExcerpt(message: string, text: string): string {
  const excerpt = excerptForm.exec(message);
  const position = positionForm.exec(message);
  if (excerpt === null && (position === null || message.includes("(line "))) return message;
  const what = excerpt === null ? message : message.slice(0, excerpt.index);
  const at = excerpt === null ? Number(position?.[1]) : text.indexOf(excerpt[1]);
  const line = text.slice(0, at).split("\n").length;
  return `${what}, in or after line ${line}`;
}
