export { customBucketsSchema, type BucketSpan, type CounterResetHint, type FloatHistogram } from '@sightline/record';
