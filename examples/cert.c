/* SPDX-License-Identifier: PostgreSQL */
/* cert.h: mints certificates, and says what a would-be bundle holds. */
#include <pgseal/cert.h>

#include <stdio.h>
#include <string.h>

#define YEAR_S (365 * 86400)
static const int64_t now_unix_s = 1800000000; /* 2027-01-15 */

static void on_item(void *ctx, const struct pgseal_bundle_item *item)
{
    printf("  line %d: %s", item->line, item->what);
    if (item->cert != NULL)
        printf(" \"%s\", %s", item->cert->subject, item->cert->key);
    printf("%s%s\n", item->problem[0] != '\0' ? ": " : "", item->problem);
}

int main(void)
{
    struct pgseal_mint_options ca = {.size = sizeof(ca),
                                     .cn = "Example Root",
                                     .ca = true,
                                     .pathlen = -1,
                                     .not_before_unix_s = now_unix_s - YEAR_S,
                                     .not_after_unix_s = now_unix_s + YEAR_S};
    struct pgseal_mint_options old = ca;
    struct pgseal_err err;
    struct pgseal_minted *root, *expired;
    struct pgseal_trust *trust = pgseal_trust_new(&err);
    static char bundle[16384];

    old.cn = "Old Root";
    old.not_after_unix_s = now_unix_s - 1;
    root = pgseal_mint(&ca, NULL, &err);
    expired = pgseal_mint(&old, NULL, &err);
    if (root == NULL || expired == NULL || trust == NULL)
        return 1;
    snprintf(bundle, sizeof(bundle), "%s%s%s", pgseal_minted_cert_pem(root),
             pgseal_minted_key_pem(root), pgseal_minted_cert_pem(expired));
    printf("%d certificates would be loaded:\n",
           pgseal_bundle_scan((const uint8_t *)bundle, strlen(bundle), now_unix_s, on_item, NULL,
                              &err));
    if (pgseal_trust_add_pem(trust, "bundle.pem", (const uint8_t *)bundle, strlen(bundle), &err) <
        0)
        return 1;
    printf("%zu were\n", pgseal_trust_count(trust));
    pgseal_trust_free(trust);
    pgseal_minted_free(expired);
    pgseal_minted_free(root);
    return 0;
}
