/** A table of so many rows; a subclass has its columns, arrays of `size` entries, as fields. */
export class Rows {
  readonly size: number;

  constructor(size: number) {
    this.size = size;
  }
}
