/** The first start. */
export const start = {
  title: 'Copy Kafka topics from one cluster to another',
  intro: 'Checked before it starts, watched while it runs, proved when it is done. Begin with one of these.',
  demoTitle: 'Try it with two demo clusters',
  demoText: 'Starts two small Kafka clusters inside this program, fills three topics, and opens a replication that is ready to check and start.',
  demoAction: 'Start the demo',
  demoNote: 'Nothing is installed, and nothing leaves this computer.',
  connectTitle: 'Connect your cluster',
  connectText: 'Enter the brokers and how to log in, and test the connection step by step before anything is saved.',
  connectAction: 'Connect a cluster',
  connectNote: 'Reading comes first: nothing is written to a cluster before you start a task.',
  importTitle: 'Import settings',
  importText: 'Read a client.properties, a librdkafka or kcat configuration, or a broker URL that you already have.',
  importAction: 'Import settings',
  importNote: 'Passwords go to the keychain of this computer.',
  flowLabel: 'Records flow from a source cluster through a gate to a target cluster',
};
