// SPDX-License-Identifier: Apache-2.0
// Written by scripts/unicode.mjs from Unicode 15.0.0; do not edit.

/**
 * The letter of each symbol: digits 0 to 61, a class that does not follow by itself (62 to 67), one digit more (68).
 * Frequent symbols have the letters that are frequent in code, for gzip's sake.
 */
export const UNICODE_ALPHABET = "Qetoi=cs1)(0l4A+}d;.9-_62LT53u[f?!wCEk{/8]Dpym*>h|IBOb<&NgSP7M:n,vaxr";

/** The class that follows a run of each class where none stands, and, from 6 on, that which stands. */
export const NEXT_CLASS = "451051012345";

/** Runs of code points from U+0000 on: class, where it is not what follows, and length. */
export const UNICODE_RUNS =
  ":rt)vere5n2aenrs2ail:.seaeead,reI=aeneociseee9ere-aenrt+aent,trtme{oac/ta1,mae,eae,tae,tae,ea1n5seau,0a=t],-(ait,erekaene,sat,ct,tae,i+atea}eSrtE0aioeatn*ta}n3tat8aesa1,1D,2ae,ure.,i+at(aehtlel)teoo)eitee;a(eaene6.esetteeeoe}e0iee6a0Pe}ewa)8tL)ttto1tit;aeea}}i8esoei)e2a}7)eoiest?a)iae&)eoeistPBeoe=a=oeasda(re;eie)s9a4nSiae1sae(a/I0(i}tC:6ntac(a0neaeneaeneait1eEi9aen;eEea1neagnrelacMdatn{ee=emaenrilr=/oa?}a}nre2(aer(QatdvenTa=re4ao{t[ea0rt_taoeaiee;a5oaert[ert.oiacrt2a{n3tatretute?asea1,Ae,}x<ret-adn)alnre<1ai&eoa=reQat}ptoa},oae,4e,si,ec,eo,te=roc,retri[tct{tct1eeeeeeeftbe+eAtce.atnoe)ae:8vt<}ntt5aen4o:)/,4i,eo,lx+:re}neaenSac:r(pg:ruArt}nropacn)=asre|ea+nerew?a>eare|:re6l:ro3D:eio:t6),itae=eaen=ainre2t,t=aenre3aeeo|re?eatn*ahn>ae:rewnrreI?aretnrr=>6oaret*atri-aohBaen(aeereOak)atnre]atnreece=i2<aineoa}Oalrece)at}2aoeae*oatCe0ae?reoaA+atrtQai6ao<;3at}atiere{aenAacreMaeee;rrtNlre[:rrt}{nrewtrey{sl==e,e2e=eeetete:rte}:rs0xt<sa!:},}(ac,At:Ce:.e:iin=ert0tatnroioctctctoosae:sdri1aretbartl,eartcrew,eaf?a4CpEaehae>8rtlErtfaen0e+esetrsg=eDe)rt?a)6a)/ag5a=_a(fareo7attaretli8oiea?uaouaC1ae3tia-gas2a12a1Lare]rtiBre)acn8r=ta?ptaore+,oua(f0af;iaD-a5re8eaf(eA7as0aohb0ai>eat(resaieoae4aeeaCboacremasgtre;,e)teoo)eAso=ro.)a=(aine!re1aero*e1)a6re]tao3a?ngasremeAacrietare/nrela-|ctet)alrt9taeureea1nere.eaoea;re;ari1reeta+(a2ro.sre.er=]a)reota4reIaretr;9a}r>+a+rd;a}rrokyatrti=a0n&a)ial0a1r0Bretartiro8ae4trr=cwaeeearre4&,*at,6ar1?:Ant,oaonca1,1at,sa[,i:.rt=noars)nre6ere)ettetttieleeesereoeit1ese3eie=eeoser=[triyt:r)in&aiIa1eaAea_r_dsedtsete==reQ!ertEs2ar=0[eMi+arsfn?r+ba)ns]reA;ar.1nie5eteetee(eieeeeceieeeeeeoeteeteeeeeeeeeeteetieseieieee(ed=oe=edOar1?:rtIN:u4:yi:)s:tr/yn(r}{rr0strr=27r1*rrroeg]aris,ro<arrBec";
