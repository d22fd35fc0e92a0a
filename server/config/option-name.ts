import { suggestion } from "./hints.ts";
import type { RegisteredOption } from "./option-registry.ts";
import type { Parser } from "./parser.ts";

/** `NAME` or `SPACE.NAME`; `unknown-N` is code N of a space, whatever it may be called. */
export function takeOption(parser: Parser): RegisteredOption {
  const { registry } = parser;
  const { at } = parser;
  let spaceName = "dhcp";
  let name = parser.takeWord("expecting identifier after option keyword.");
  if (parser.accept(".")) {
    spaceName = name;
    name = parser.takeWord("expecting identifier after '.'");
  }
  const space = registry.space(spaceName);
  if (space === undefined) {
    const hint =
      suggestion(spaceName, registry.spaceNames()) ?? `declare it: option space ${spaceName};`;
    parser.fail(`no option space named ${spaceName}.`, hint, at);
  }
  const option = space.byName.get(name.toLowerCase());
  if (option !== undefined) {
    return option;
  }
  const code = /^unknown-(\d{1,5})$/i.exec(name);
  if (code !== null) {
    const number = Number(code[1]);
    const max = space.codeWidth === 1 ? 254 : 0xffff;
    if (number > 0 && number <= max) {
      return (
        space.byCode.get(number) ??
        registry.define(space, number, name.toLowerCase(), { fields: ["bytes"], repeat: "none" })
      );
    }
  }
  const near = suggestion(name, space.byName.keys());
  const hint =
    near ??
    `own options are declared first: option ${spaceName === "dhcp" ? "" : `${spaceName}.`}${name} code N = TYPE;`;
  return parser.fail(`unknown option ${spaceName}.${name}`, hint, at);
}
