import { Customers, type CustomersBackup, type MergeFlaws } from "./centre/customers.ts";
import type { CentreDatabase } from "./centre/database.ts";
import { type Backup, ReferenceData } from "./centre/reference-data.ts";
import type { Chronicle } from "./chronicle.ts";
import type { Random } from "./random.ts";
import { Merchandiser } from "./workload/merchandiser.ts";

export interface HeadOfficeDataOptions {
  readonly database: CentreDatabase;
  readonly random: Random;
  readonly chronicle: Chronicle;
  readonly storeIds: readonly number[];
  readonly currencies: readonly string[];
  readonly wallMs: () => number;
  readonly flaws: MergeFlaws | undefined;
}

/** What the organization has in common: reference data, customers that tills edit, and who keeps the catalogue. */
export class HeadOfficeData {
  readonly reference: ReferenceData;
  readonly customers: Customers;
  readonly merchandiser: Merchandiser;
  /** In the end somebody presses Sync now at each till; in the other half of the seeds the news comes by itself, later. */
  readonly isAskedFor: boolean;

  constructor({ database, flaws, ...options }: HeadOfficeDataOptions) {
    this.isAskedFor = options.random.stream("sync now").chance(0.5);
    this.reference = new ReferenceData(options.random.stream("epochs"));
    this.customers = new Customers(database, this.reference, flaws);
    this.merchandiser = new Merchandiser({ ...options, data: this.reference });
  }

  backup(): readonly [Backup, CustomersBackup] {
    return [this.reference.backup(), this.customers.backup()];
  }

  restore([reference, customers]: readonly [Backup, CustomersBackup]): void {
    this.reference.restore(reference);
    this.customers.restore(customers);
  }
}
