/** Real HTTP and SMTP servers on loopback, in place of those that messages are sent to. */
export * from '@sightline/respond/testing';
