/* Which libraries write the file. */
#include <isa-l.h>
#include <stdio.h>

#include "h5.h"
#include "record.h"

char *kith_record_libraries(char *out, size_t size)
{
    unsigned major = 0, minor = 0, release = 0;
    kith_h5_quiet(); /* before the first call */
    if (H5get_libversion(&major, &minor, &release) < 0)
        major = 0;
    snprintf(out, size, "HDF5 %u.%u.%u, ISA-L %d.%d.%d", major, minor, release, ISAL_MAJOR_VERSION,
             ISAL_MINOR_VERSION, ISAL_PATCH_VERSION);
    return out;
}
