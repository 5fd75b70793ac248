/** A NestJS application without HTTP: its nightly job, watched by the stock SDK. Decorators stand as the functions they are. */
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import * as Sentry from '@sentry/nestjs';
import { SentryModule } from '@sentry/nestjs/setup';

Sentry.init({
  dsn: process.env['SENTRY_DSN'] ?? '',
  release: 'jobs@2.2.0',
  environment: 'production',
  initialScope: { tags: { 'site.id': 'STORE_012' } },
});

class Jobs {
  async closeDay(): Promise<string> {
    return 'closed';
  }

  async exportSales(): Promise<string> {
    throw new Error('the ledger of the day is locked');
  }
}

function decorate(method: 'closeDay' | 'exportSales', decorator: MethodDecorator): void {
  const descriptor = Object.getOwnPropertyDescriptor(Jobs.prototype, method);
  if (!descriptor) throw new Error(`there is no ${method}`);
  const changed = (decorator as (...given: unknown[]) => PropertyDescriptor | void)(Jobs.prototype, method, descriptor);
  Object.defineProperty(Jobs.prototype, method, changed ?? descriptor);
}

const nightly = { schedule: { type: 'crontab', value: '0 3 * * *' }, checkinMargin: 5, maxRuntime: 10 } as const;
decorate('closeDay', Sentry.SentryCron('close-day', { ...nightly, timezone: 'America/New_York' }));
decorate('exportSales', Sentry.SentryCron('export-sales', nightly));
Injectable()(Jobs);
class JobsModule {
  readonly title = 'jobs';
}
Module({ imports: [SentryModule.forRoot()], providers: [Jobs] })(JobsModule);

const app = await NestFactory.createApplicationContext(JobsModule, { logger: false });
const jobs = app.get(Jobs);
await jobs.closeDay();
await jobs.exportSales().catch((error: unknown) => Sentry.captureException(error));
if (!(await Sentry.flush(20_000))) throw new Error('the SDK could not send everything within 20 s');
await app.close();
