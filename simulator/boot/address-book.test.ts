import { describe, expect, test } from "vitest";
import { AddressBook } from "./address-book.ts";

describe("AddressBook", () => {
  test("knows who has an address, and nothing outside its block", () => {
    const book = new AddressBook(0x7f40_0000, 256);
    expect(book.enter(0x7f40_0010, 5)).toBe(true);
    expect(book.holderOf(0x7f40_0010)).toBe(5);
    expect(book.enter(0x7f40_0010, 6)).toBe(true);
    book.strike(0x7f40_0010, 5);
    expect(book.holderOf(0x7f40_0010)).toBe(6);
    book.strike(0x7f40_0010, 6);
    for (const address of [0x7f40_0010, 0x7f3f_ffff, 0x7f40_0100, 0, 0xffff_ffff]) {
      expect(book.holderOf(address)).toBe(-1);
    }
    expect(book.enter(0x7f40_0100, 1)).toBe(false);
    expect(book.enter(0, 1)).toBe(false);
  });
});
