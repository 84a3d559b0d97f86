// The same random cases in every run, so that a mutant that one run kills does not survive the next.

import fc from "fast-check";

fc.configureGlobal({ seed: 20_261_124, endOnFailure: true });
