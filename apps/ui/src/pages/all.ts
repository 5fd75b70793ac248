import type { Page } from '../shell/page.ts';
import { fleetPage } from './fleet/page.ts';

/** Every page of the product, in the order of the rail. A new page is a folder and a line here. */
export const allPages: readonly Page[] = [fleetPage];
