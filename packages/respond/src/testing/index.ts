export { startHttpReceiver, type Answer, type HttpReceiver, type ReceivedCall } from './http-receiver.ts';
export { startMailReceiver, type MailReceiver, type MailReceiverOptions, type ReceivedMail } from './mail-receiver.ts';
export { testCertificate } from './test-certificate.ts';
