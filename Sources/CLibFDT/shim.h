// libfdt as Debian's libfdt-dev installs it; the images link the archive of their own architecture.
#include <libfdt.h>
