/** Longer than any path of a boot file; a 512-byte request cannot name a longer one. */
const charactersMax = 512;
const nameCharactersMax = 255;
/** Prefix of the folders where a pair's mirror keeps files that must not be served. */
export const OWN_PREFIX = ".provlab-";

/**
 * The file name of a request as a path below the root, without empty and `.` parts. A leading slash, as
 * boot files often have it, means the root. Undefined for a name that must not be served: one with a
 * `..`, a control character, a part too long for a file name, one of the mirror's own folders, or no part
 * at all.
 */
export function pathBelowRoot(filename: string): string | undefined {
  if (filename.length > charactersMax || hasControlCharacter(filename)) return undefined;
  const parts = filename.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.length === 0) return undefined;
  if (parts.some(isForbidden)) return undefined;
  return parts.join("/");
}

function isForbidden(part: string): boolean {
  return part === ".." || part.length > nameCharactersMax || part.startsWith(OWN_PREFIX);
}

function hasControlCharacter(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
