import { fstatSync } from "node:fs";
import { expect, test } from "vitest";
import { describeUnless } from "../describe-unless.testing.ts";
import { closeListed, listDescriptorsIn, openDescriptorList } from "./descriptor-list.ts";
import { closeDescriptor, openDescriptor } from "./file-descriptor.ts";
import { libcMissingReason } from "./libc.ts";
import { AF_INET, SOCK_DGRAM } from "./linux.ts";

const open = (): number =>
  openDescriptor("a socket", { domain: AF_INET, type: SOCK_DGRAM, protocol: 0 }, () => undefined);

describeUnless(libcMissingReason(), "the list of descriptors", () => {
  test("what a thread has left open is closed by another, what it has closed is not closed again", () => {
    const list = openDescriptorList();
    const listed = (): number[] => [...new Int32Array(list)].filter((fd) => fd !== 0);
    listDescriptorsIn(list);
    const [closed, left] = [open(), open()];
    expect(listed()).toEqual([closed, left]);
    closeDescriptor(closed!);
    expect(listed()).toEqual([left]);
    expect(fstatSync(left!).isSocket()).toBe(true);
    closeListed(list);
    expect(listed()).toEqual([]);
    expect(() => fstatSync(left!)).toThrow("EBADF");
  });
});
