import { describe, expect, test } from "vitest";
import type { OptionOrder } from "../policy/policy.ts";
import {
  addOrder,
  findOrder,
  type OptionSource,
  type Selection,
  selectOptions,
} from "./reply-options.ts";

class FakeSource implements OptionSource {
  asked = 0;
  readonly #values: ReadonlyMap<number, Uint8Array>;

  constructor(codes: readonly number[]) {
    this.#values = new Map(codes.map((code) => [code, Uint8Array.of(code)]));
  }

  option(code: number): Uint8Array | undefined {
    this.asked += 1;
    return this.#values.get(code);
  }

  optionCodes(): readonly number[] {
    return [...this.#values.keys()].sort((left, right) => left - right);
  }
}

interface Given {
  configured: readonly number[];
  list?: readonly number[];
  withFqdn?: boolean;
  withSubnetMask?: boolean;
}

function selection(given: Given) {
  return {
    source: new FakeSource(given.configured),
    list: given.list && Uint8Array.from(given.list),
    withFqdn: given.withFqdn ?? false,
    withSubnetMask: given.withSubnetMask ?? true,
  };
}

describe("which options are sent, and in what order", () => {
  test.each<[string, Given, number[]]>([
    ["the client's order", { configured: [1, 2, 3, 15], list: [1, 3, 15, 2] }, [1, 3, 15, 2]],
    ["what is not on the list is not sent", { configured: [1, 3, 6, 66], list: [1, 3] }, [1, 3]],
    ["the mask is sent unasked, at the end", { configured: [1, 6, 15], list: [6, 15] }, [6, 15, 1]],
    ["the mask goes before the routers", { configured: [1, 3, 6], list: [6, 3] }, [6, 1, 3]],
    [
      "mask and routers change places, and nothing else does",
      { configured: [1, 3, 6, 15], list: [15, 3, 6, 1] },
      [15, 1, 6, 3],
    ],
    [
      "the mask takes the routers' place even when there are none",
      { configured: [1, 6], list: [3, 6] },
      [1, 6],
    ],
    ["no mask for INFORM", { configured: [1, 3], list: [3], withSubnetMask: false }, [3]],
    ["what is not configured is left out", { configured: [1], list: [1, 3, 6] }, [1]],
    ["a repeated code is sent once", { configured: [1, 15], list: [15, 15, 1, 15] }, [15, 1]],
    ["an empty list is none", { configured: [1, 3, 66], list: [] }, [1, 3, 66]],
    [
      "81 follows the list when the client sent one",
      { configured: [1, 81], list: [1], withFqdn: true },
      [1, 81],
    ],
    [
      "the list cannot move or invent the server's own options",
      { configured: [1, 51, 54, 58, 59, 82], list: [82, 54, 53, 52, 51, 58, 59, 0, 255, 1] },
      [1],
    ],
    [
      "without a list all are sent, 1 3 6 12 81 first and 43 last",
      { configured: [2, 1, 43, 12, 6, 3, 122, 4, 81] },
      [1, 3, 6, 12, 81, 2, 4, 122, 43],
    ],
    ["without a list and without options", { configured: [] }, []],
  ])("%s", (_name, given, expected) => {
    expect(selectOptions(selection(given)).map((option) => option.code)).toEqual(expected);
  });

  test("an option without a value is not sent", () => {
    const source = {
      option: (code: number) => (code === 12 ? new Uint8Array(0) : Uint8Array.of(code)),
      optionCodes: () => [1, 12, 66],
    };
    for (const list of [undefined, Uint8Array.of(12, 1, 66)]) {
      const given = { source, list, withFqdn: false, withSubnetMask: true };
      expect(selectOptions(given).map((option) => option.code)).not.toContain(12);
    }
  });

  test("a list of all codes, each three times", () => {
    const codes = Array.from({ length: 255 }, (_, code) => code);
    const options = selectOptions(
      selection({ configured: codes, list: [...codes, ...codes, ...codes] }),
    );
    const sent = options.map((option) => option.code);
    expect(new Set(sent).size).toBe(sent.length);
    expect(sent).not.toContain(82);
  });
});

/** As replies are made: what was remembered, or else what is selected now. */
function selectRemembered(
  given: Selection,
  orders: OptionOrder[],
  requestList?: Uint8Array,
): Pick<OptionOrder, "options"> & { readonly isRemembered: boolean } {
  const { list, withSubnetMask } = given;
  const asked = {
    has: (code: number) => code === 55 && list !== undefined,
    equals: (code: number, value: Uint8Array) =>
      code === 55 && list !== undefined && Buffer.compare(list, value) === 0,
  };
  const found = findOrder({ orders, requestList }, asked, withSubnetMask);
  const order = found ?? addOrder(orders, given);
  return { options: order?.options ?? selectOptions(given), isRemembered: order !== undefined };
}

describe("remembered orders", () => {
  test("the same list is answered without asking the configuration again", () => {
    const orders: OptionOrder[] = [];
    const given = selection({ configured: [1, 3, 6], list: [3, 6] });
    const first = selectRemembered(given, orders);
    const { asked } = given.source;
    const again = selectRemembered({ ...given, list: Uint8Array.of(3, 6) }, orders);
    expect(again.options).toBe(first.options);
    expect(given.source.asked).toBe(asked);
  });

  test("the list is copied: the receive buffer is overwritten", () => {
    const orders: OptionOrder[] = [];
    const list = Uint8Array.of(3, 6);
    const given = { ...selection({ configured: [1, 3, 6] }), list };
    selectRemembered(given, orders);
    list[0] = 6;
    expect(selectRemembered(given, orders).options.map((option) => option.code)).toEqual([6, 1]);
  });

  test("another list, no list and INFORM are not mixed up", () => {
    const orders: OptionOrder[] = [];
    const given = selection({ configured: [1, 3, 6], list: [3] });
    const codes = ({ options }: Pick<OptionOrder, "options">) => options.map(({ code }) => code);
    expect(codes(selectRemembered(given, orders))).toEqual([1, 3]);
    expect(codes(selectRemembered({ ...given, withSubnetMask: false }, orders))).toEqual([3]);
    expect(codes(selectRemembered({ ...given, list: undefined }, orders))).toEqual([1, 3, 6]);
    expect(codes(selectRemembered({ ...given, list: Uint8Array.of(6) }, orders))).toEqual([6, 1]);
    expect(codes(selectRemembered(given, orders))).toEqual([1, 3]);
  });

  test("a configured list takes the place of every client's", () => {
    const orders: OptionOrder[] = [];
    const own = Uint8Array.of(6);
    const given = { ...selection({ configured: [1, 3, 6] }), list: own };
    const first = selectRemembered(given, orders, own);
    expect(first.options.map(({ code }) => code)).toEqual([6, 1]);
    const other = { ...given, list: Uint8Array.of(3) };
    expect(selectRemembered(other, orders, own).options).toBe(first.options);
    expect(selectRemembered({ ...given, list: undefined }, orders, own)).toEqual(first);
  });

  test("hostile lists do not fill the memory", () => {
    const orders: OptionOrder[] = [];
    for (let code = 1; code < 200; code += 1) {
      const given = selection({ configured: [1, 3], list: [code, 3] });
      const order = selectRemembered(given, orders);
      expect(order.options.map((option) => option.code)).toContain(3);
      expect(order.isRemembered).toBe(code <= 8);
    }
    expect(orders.length).toBeLessThanOrEqual(8);
    const long = selection({ configured: [1], list: new Array(255).fill(7) });
    expect(selectRemembered(long, []).isRemembered).toBe(false);
  });
});
