/* SPDX-License-Identifier: PostgreSQL */
/* aws.h: what a host name of Amazon's databases says, and which roots such a server needs. */
#include <pgseal/aws.h>

#include <stdio.h>

int main(void)
{
    static const char *const hosts[] = {"app.cluster-cx5u2qk1abcd.ap-northeast-1.rds.amazonaws.com",
                                        "pool.proxy-cx5u2qk1abcd.us-gov-west-1.rds.amazonaws.com",
                                        "db.example.com"};

    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        struct pgseal_aws_endpoint e;

        if (pgseal_aws_endpoint(hosts[i], &e) == PGSEAL_AWS_NONE) {
            printf("%s: %s\n", hosts[i], pgseal_aws_kind_str(e.kind));
            continue;
        }
        printf("%s: %s \"%s\" in %s, %s; roots: %s\n", hosts[i], pgseal_aws_kind_str(e.kind),
               e.name, e.region, pgseal_aws_partition_str(e.partition),
               pgseal_aws_public_roots(e.kind) ? "the system's" : "of Amazon RDS");
    }
    return 0;
}
