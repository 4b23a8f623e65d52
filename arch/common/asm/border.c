// The header is all there is: SwiftPM wants one file to compile.
#include "ArmRegisters.h"
