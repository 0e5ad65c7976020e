from pulumi_policy import PolicyPack

import paddock.policy

# Starts a server and never returns; the rules live in the library, where they can be imported and tested.
PolicyPack("paddock", policies=paddock.policy.ALL)
