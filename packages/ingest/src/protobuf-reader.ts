export { ProtobufReader } from '@sightline/base/protobuf';
