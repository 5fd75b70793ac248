import { browserPath } from './browser.ts';

/** Runs once before the files of a project: the browser is unpacked at first use, and two files at a time would run what the other still writes. */
export async function setup(): Promise<void> {
  await browserPath();
}
