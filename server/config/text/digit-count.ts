/**
 * How many digits dhcpd gives a number: the powers of the base up to it, counted in 32 bits. Where
 * a power overflows to a larger value, one more digit is counted, so 1,500,000,000 in base 10 gets
 * a leading zero.
 */
export function digitCount(number: number, radix: number): number {
  let digits = 1;
  let power = radix;
  while (number >= power) {
    digits += 1;
    const next = (power * radix) % 2 ** 32;
    if (next <= power) break;
    power = next;
  }
  return digits;
}
