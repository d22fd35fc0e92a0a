type Column = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

/**
 * A table as columns of equal length, so that it can be sent between threads without copying each row.
 */
type Columns<Table> = { readonly [Name in keyof Table]: Column };

/** The first `length` rows in new columns; rows beyond the table's end are zeros. */
export function resized<Table extends Columns<Table>>(table: Table, length: number): Table {
  return mapped(table, (column) => {
    const copy = empty(column, length);
    copy.set(column.subarray(0, Math.min(length, column.length)));
    return copy;
  });
}

/** A view of the rows from `start` up to but not including `end`. */
export function rowsOf<Table extends Columns<Table>>(
  table: Table,
  start: number,
  end: number,
): Table {
  return mapped(table, (column) => column.subarray(start, end));
}

/** All rows of some tables, one table after the other. */
export function joined<Table extends Columns<Table>>(tables: readonly [Table, ...Table[]]): Table {
  return mapped(tables[0], (_, name) => {
    const parts = tables.map((table): Column => table[name]);
    const whole = empty(
      parts[0]!,
      parts.reduce((sum, { length }) => sum + length, 0),
    );
    let start = 0;
    for (const part of parts) {
      whole.set(part, start);
      start += part.length;
    }
    return whole;
  });
}

/** The rows with these numbers, in this order. */
export function picked<Table extends Columns<Table>>(table: Table, order: Uint32Array): Table {
  return mapped(table, (column) => {
    const rows = empty(column, order.length);
    for (let i = 0; i < order.length; i += 1) rows[i] = column[order[i]!]!;
    return rows;
  });
}

function mapped<Table extends Columns<Table>>(
  table: Table,
  change: (column: Column, name: keyof Table) => Column,
): Table {
  const names = Object.keys(table) as (keyof Table & string)[];
  return Object.fromEntries(names.map((name) => [name, change(table[name], name)])) as Table;
}

function empty(column: Column, length: number): Column {
  return new (column.constructor as new (length: number) => Column)(length);
}
