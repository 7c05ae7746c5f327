// SPDX-License-Identifier: Apache-2.0
import type { JournalScan } from "../storage/journal.ts";

/** What a person should know of a file of the ledger: at most one sentence for its damage, one for its end. */
export function noticesOf(file: string, found: JournalScan, cut: boolean): readonly string[] {
  const { damaged, firstDamaged, records, torn } = found;
  const notices: string[] = [];
  if (damaged === 1) {
    notices.push(
      `${file}:${firstDamaged}: this line is damaged and is left out; ${records} others are whole`,
    );
  } else if (damaged > 1) {
    notices.push(
      `${file}:${firstDamaged}: ${damaged} lines are damaged and are left out, this is the first; ${records} are whole`,
    );
  }
  if (torn && cut) notices.push(`${file}: the last line had not been written to its end and was cut off`);
  return notices;
}
