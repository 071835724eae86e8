"""Done first by the fork server of workers, which only imports by name.

Compiled modules are mended, and no garbage is looked for among what is imported.
"""

import gc

from officer_assaults.compiled import mend

mend()
gc.disable()
